#include "query/again.h"

#include <arrow/array.h>
#include <fmt/format.h>
#include <utility>

#include "medallion/message_edit.h"
#include "query/audit_records.h"
#include "topic/positions.h"

namespace pregao::query {
namespace {

constexpr std::size_t kBatch = 500;

std::string Place(std::int32_t partition, std::int64_t offset) { return fmt::format("{}/{}", partition, offset); }

std::string Instant(TimestampMs time) { return fmt::format("epoch_ms({})::TIMESTAMP AT TIME ZONE 'UTC'", time.value); }

std::string Where(const std::string& topic, const QuarantineFilter& filter) {
  std::string where = "topic = " + QuoteText(topic);
  std::string reasons;
  for (const auto& reason : filter.reasons) reasons += (reasons.empty() ? "" : ", ") + QuoteText(reason);
  if (!reasons.empty()) where += " AND reason IN (" + reasons + ")";
  if (filter.since) where += " AND \"timestamp\" >= " + Instant(*filter.since);
  if (filter.until) where += " AND \"timestamp\" < " + Instant(*filter.until);
  if (!filter.ticker.empty()) where += " AND key = " + QuoteText(filter.ticker) + "::BLOB";
  return where;
}

std::optional<std::string> Bytes(const arrow::RecordBatch& batch, int column, std::int64_t row) {
  const auto bytes = BytesAt(batch, column, row);
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

}  // namespace

std::string_view FateName(Fate fate) {
  switch (fate) {
    case Fate::kSent:
      return "sent";
    case Fate::kAlready:
      return "already";
    case Fate::kRejected:
      return "rejected";
    case Fate::kSkipped:
      return "skipped";
  }
  return "";
}

const std::string* ReplayMarks::At(const std::string& mark) const {
  const auto it = places_.find(mark);
  return it == places_.end() ? nullptr : &it->second;
}

Status ReplayMarks::Find(Session* session, topic::TopicReader* reader, TimestampMs since) {
  const topic::TopicInfo& info = reader->info();
  session->Refresh();
  // Bronze's positions before its rows are read: what comes meanwhile is seen in the topic as well.
  topic::Positions from;
  if (const auto bronze = session->Shown("bronze")) {
    TRY_ASSIGN(from, topic::PositionsOf(bronze->positions, info, "bronze", false));
    TRY(FindInTable(session, "bronze", info.name, since));
  }
  if (const auto quarantine = session->Shown("quarantine")) {
    TRY(topic::PositionsOf(quarantine->positions, info, "quarantine", false).status());
    TRY(FindInTable(session, "quarantine", info.name, since));
  }
  return FindInTopic(reader, std::move(from));
}

Status ReplayMarks::FindInTable(Session* session, const std::string& table, const std::string& topic,
                                TimestampMs since) {
  TRY_ASSIGN(const auto result,
             session->Query(fmt::format("SELECT partition, \"offset\", value FROM {} WHERE topic = {} AND date >= "
                                        "epoch_ms({})::DATE AND CAST(value AS VARCHAR) LIKE '%{}%'",
                                        table, QuoteText(topic), since.value, medallion::kReplayOf)));
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) return Status::OK();
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto mark = medallion::TextField(BytesAt(*batch, 2, i).value_or(""), medallion::kReplayOf);
      if (mark) Add(*mark, Place(static_cast<std::int32_t>(IntAt(*batch, 0, i)), IntAt(*batch, 1, i)));
    }
  }
}

Status ReplayMarks::FindInTopic(topic::TopicReader* reader, topic::Positions from) {
  TRY_ASSIGN(const auto ranges, reader->Ranges());
  std::map<Partition, Offset> limits;
  for (const auto& [partition, range] : ranges) {
    limits[partition] = range.high;
    const auto it = from.find(partition);
    const Offset begin = it == from.end() ? Offset(0) : it->second;
    if (begin < range.low) unseen_ += range.low - begin;
  }
  TopicWalk walk(reader, std::move(limits), std::move(from));
  for (;;) {
    TRY_ASSIGN(const auto records, walk.Next());
    if (records.empty()) return Status::OK();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto mark = medallion::TextField(records.Value(i).value_or(""), medallion::kReplayOf);
      if (mark) Add(*mark, Place(records[i].partition.value, records[i].offset.value));
    }
  }
}

/// The verdict on what is proposed, which gets its mark.
Outcome Again::Judge(const Candidate& candidate, const std::string& mark, Proposal* proposal) {
  if (!proposal->record || !proposal->record->value) return {&candidate, Fate::kSkipped, proposal->refusal, ""};
  topic::NewRecord& record = *proposal->record;
  std::string json;
  json.append("\"").append(mark).append("\"");
  const medallion::FieldEdit edit{std::string(medallion::kReplayOf), json};
  auto marked = medallion::EditMessage(*record.value, {&edit, 1});
  std::string value = marked.ok() ? *marked : *record.value;
  const std::size_t size = value.size();
  value.append(topic::RecordBatch::kPadding, '\0');
  const auto rejection =
      judge_.Decide({0, 0, record.timestamp.value, record.key, std::string_view(value.data(), size)}, &row_);
  value.resize(size);
  Outcome outcome{&candidate, Fate::kSent, "a row", value};
  if (rejection) {
    outcome.detail = fmt::format("{}: {}", medallion::RejectName(rejection->reason), rejection->detail);
    if (!options_.anyway) outcome.fate = Fate::kRejected;
  }
  if (!marked.ok()) {
    outcome.fate = Fate::kRejected;
    if (options_.anyway) outcome.detail += "; it cannot carry its mark, so it is not sent even so";
  }
  record.value = std::move(value);
  record.headers.push_back({std::string(medallion::kReplayOf), mark});
  return outcome;
}

Status Again::Add(std::vector<Candidate> candidates) {
  std::vector<Candidate> fresh;
  for (Candidate& c : candidates) {
    const std::string* at = marks_->At(options_.prefix + Place(c.partition.value, c.offset.value));
    if (at == nullptr) {
      fresh.push_back(std::move(c));
      continue;
    }
    ++counts_[Fate::kAlready];
    report_({&c, Fate::kAlready, "as " + *at, ""});
  }
  TRY_ASSIGN(auto proposals, propose_(fresh));
  if (proposals.size() != fresh.size()) return Status::UnknownError("a proposal a record is expected");
  std::vector<topic::NewRecord> records;
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto sent = counts_[Fate::kSent] + static_cast<std::int64_t>(records.size());
    if (options_.limit && sent >= *options_.limit) break;
    const std::string mark = options_.prefix + Place(fresh[i].partition.value, fresh[i].offset.value);
    if (marks_->At(mark) != nullptr) {  // the row stands in quarantine twice
      outcomes.push_back({&fresh[i], Fate::kAlready, "in this run", ""});
      continue;
    }
    outcomes.push_back(Judge(fresh[i], mark, &proposals[i]));
    if (outcomes.back().fate != Fate::kSent) continue;
    marks_->Add(mark, "in this run");
    records.push_back(std::move(*proposals[i].record));
  }
  if (!options_.dry_run && !records.empty()) {
    const Status status = writer_->Append(records);
    if (!status.ok()) {
      return status.WithMessage(status.message(), "; ", counts_[Fate::kSent],
                                " records were sent, and some of the next may be: run it again, it looks before it "
                                "sends");
    }
  }
  for (const Outcome& outcome : outcomes) {
    ++counts_[outcome.fate];
    report_(outcome);
  }
  return Status::OK();
}

Result<QuarantineExtent> MeasureQuarantine(Session* session, const std::string& topic, const QuarantineFilter& filter) {
  TRY_ASSIGN(
      const auto result,
      session->Query("SELECT count(*), coalesce(epoch_ms(min(date)::TIMESTAMP), 0)::BIGINT FROM quarantine WHERE " +
                     Where(topic, filter)));
  TRY_ASSIGN(const auto batch, result->Next());
  if (!batch || batch->num_rows() == 0) return QuarantineExtent{};
  return QuarantineExtent{IntAt(*batch, 0, 0), TimestampMs(IntAt(*batch, 1, 0))};
}

Status VisitQuarantine(Session* session, const std::string& topic, const QuarantineFilter& filter,
                       const std::function<Result<bool>(std::vector<Candidate>)>& take) {
  TRY_ASSIGN(const auto result,
             session->Query("SELECT partition, \"offset\", epoch_ms(\"timestamp\"), key, value, reason, detail FROM "
                            "quarantine WHERE " +
                            Where(topic, filter) + " ORDER BY partition, \"offset\""));
  std::vector<Candidate> candidates;
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    for (std::int64_t i = 0; batch && i < batch->num_rows(); ++i) {
      candidates.push_back({Partition(static_cast<std::int32_t>(IntAt(*batch, 0, i))), Offset(IntAt(*batch, 1, i)),
                            TimestampMs(batch->column(2)->IsNull(i) ? -1 : IntAt(*batch, 2, i)), Bytes(*batch, 3, i),
                            Bytes(*batch, 4, i), TextAt(*batch, 5, i), TextAt(*batch, 6, i)});
      if (candidates.size() < kBatch) continue;
      TRY_ASSIGN(const bool more, take(std::exchange(candidates, {})));
      if (!more) return Status::OK();
    }
    if (!batch) break;
  }
  return candidates.empty() ? Status::OK() : take(std::move(candidates)).status();
}

}  // namespace pregao::query
