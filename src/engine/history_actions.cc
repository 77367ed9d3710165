#include <algorithm>
#include <arrow/array.h>
#include <arrow/table.h>

#include "engine/file_rows.h"
#include "engine/history.h"
#include "medallion/bar_schema.h"

namespace pregao::engine {
namespace {

using market::CorporateAction;

std::optional<double> NumberAt(const arrow::Table& rows, int column, std::int64_t i) {
  const auto& array = static_cast<const arrow::DoubleArray&>(*rows.column(column)->chunk(0));
  return array.IsNull(i) ? std::nullopt : std::optional(array.Value(i));
}

bool SameValues(const CorporateAction& a, const CorporateAction& b) {
  return a.amount == b.amount && a.numerator == b.numerator && a.denominator == b.denominator &&
         a.currency == b.currency;
}

}  // namespace

Status History::LearnActions(const Files& files, Actions* held) const {
  const std::vector<std::string> columns{"ticker",    "kind",        "date",     "amount",
                                         "numerator", "denominator", "currency", "received_at"};
  for (const auto& file : files) {
    TRY_ASSIGN(auto rows, lake::ReadDataFile(actions_->store().get(), actions_->root(), *file,
                                             *actions_->snapshot()->schema, columns));
    TRY_ASSIGN(rows, rows->CombineChunks());
    if (rows->num_rows() == 0) continue;
    const auto text = [&](int column) -> const auto& {
      return static_cast<const arrow::StringArray&>(*rows->column(column)->chunk(0));
    };
    for (std::int64_t i = 0; i < rows->num_rows(); ++i) {
      CorporateAction action;
      action.ticker = text(0).GetString(i);
      action.kind = text(1).GetView(i) == market::ActionKindName(market::ActionKind::kSplit)
                        ? market::ActionKind::kSplit
                        : market::ActionKind::kDividend;
      action.day = static_cast<const arrow::Date32Array&>(*rows->column(2)->chunk(0)).Value(i);
      action.amount = NumberAt(*rows, 3, i);
      action.numerator = NumberAt(*rows, 4, i);
      action.denominator = NumberAt(*rows, 5, i);
      if (!text(6).IsNull(i)) action.currency = text(6).GetString(i);
      action.received_us = static_cast<const arrow::TimestampArray&>(*rows->column(7)->chunk(0)).Value(i);
      const auto [it, added] = held->try_emplace({action.ticker, action.day, action.kind});
      if (added || it->second.received_us < action.received_us) it->second = std::move(action);
    }
  }
  return Status::OK();
}

Status History::WriteActions(const std::vector<HistoryPart>& parts) {
  const bool any =
      std::any_of(parts.begin(), parts.end(), [](const HistoryPart& part) { return !part.actions.empty(); });
  if (!any) return Status::OK();
  TRY_ASSIGN(const auto base, actions_->Refresh());
  Actions held;
  TRY(LearnActions(base->files, &held));
  std::int64_t written = 0;
  const auto fill = [&](lake::Transaction* txn) -> Status {
    Actions now = held;
    std::vector<CorporateAction> fresh;
    for (const HistoryPart& part : parts) {
      for (const CorporateAction& action : part.actions) {
        const auto [it, added] = now.try_emplace({action.ticker, action.day, action.kind});
        if (!added && SameValues(it->second, action)) continue;
        it->second = action;
        fresh.push_back(action);
      }
    }
    written = static_cast<std::int64_t>(fresh.size());
    txn->adds.clear();
    SetWritten(written, txn);
    if (fresh.empty()) return Status::OK();
    TRY_ASSIGN(const auto rows, medallion::ActionRows(fresh));
    TRY_ASSIGN(auto file,
               lake::WriteDataFile(actions_->store().get(), actions_->root(), *clock_, *rows, {}, options_.write));
    txn->adds.push_back(std::move(file));
    SetWritten(written, txn);
    return Status::OK();
  };
  lake::Transaction txn;
  txn.operation = "BACKFILL";
  TRY(fill(&txn));
  if (written == 0) return Status::OK();
  bool overtaken = false;
  const auto rebase = [&](const lake::Snapshot&, const Files& added, lake::Transaction* pending) -> Status {
    TRY(LearnActions(added, &held));
    TRY(fill(pending));
    overtaken = written == 0;
    return overtaken ? Status::Cancelled("others have added all of it") : Status::OK();
  };
  const auto result = actions_->Commit(base, std::move(txn), rebase);
  if (overtaken) return Status::OK();
  TRY(result.status());
  counts_.actions += written;
  ++counts_.commits;
  return Status::OK();
}

}  // namespace pregao::engine
