#include <algorithm>
#include <fmt/format.h>

#include "cli/lake_session.h"
#include "cli/lake_store.h"
#include "cli/spark_tables.h"
#include "query/audit_records.h"
#include "topic/positions.h"

#include "spark/checkpoint.h"

namespace pregao::cli {
namespace {

using Starts = std::map<std::pair<std::string, std::string>, spark::Offsets>;  // by topic and generation
using Rows = std::map<std::string, spark::Offsets>;                            // by topic: behind the last row

bool IsSparks(const lake::Snapshot& table) {
  const auto owner = table.properties.find("pregao.owner");
  return owner != table.properties.end() && owner->second == engine::kSparkOwner;
}

Starts StartsIn(const lake::Snapshot& table) {
  Starts starts;
  for (const auto& [id, offset] : table.positions) {
    if (const auto app = topic::ParseAppId(id)) starts[{app->topic, app->generation}][app->partition.value] = offset;
  }
  return starts;
}

Result<Rows> BehindTheRows(query::Session* session, const std::string& view) {
  Rows rows;
  TRY_ASSIGN(const auto result,
             session->Query("SELECT topic, partition, max(\"offset\") FROM " + view + " GROUP BY ALL"));
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) return rows;
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      rows[query::TextAt(*batch, 0, row)][static_cast<std::int32_t>(query::IntAt(*batch, 1, row))] =
          query::IntAt(*batch, 2, row) + 1;
    }
  }
}

void Raise(const spark::Offsets& to, spark::Offsets* reached) {
  for (const auto& [partition, offset] : to) {
    auto& held = (*reached)[partition];
    held = std::max(held, offset);
  }
}

}  // namespace

Result<query::Reached> ReachOfSpark(const Context& context, query::Session* session) {
  query::Reached reached;
  session->Refresh();
  const auto folder = CheckpointsInLake(context.settings);
  TRY_ASSIGN(const auto store, OpenExistingLake(context));
  for (const auto& [view, root] : kFilled) {
    const auto table = session->Shown(view);
    if (!table || !IsSparks(*table)) continue;
    // First the checkpoint, then the rows: a batch that ends in between is in either.
    std::map<std::pair<std::string, std::string>, spark::Offsets> by_topic;
    for (const auto& [topic, start] : StartsIn(*table)) {
      by_topic[topic] = start;
      if (!folder) continue;
      const auto checkpoint = spark::CheckpointName(view, table->table_id, topic.second, start);
      TRY_ASSIGN(const auto committed, spark::CommittedOffsets(store.get(), *folder + "/" + checkpoint, topic.first));
      Raise(committed, &by_topic[topic]);
    }
    TRY_ASSIGN(const auto rows, BehindTheRows(session, view));
    auto& positions = reached[view];
    for (auto& [topic, offsets] : by_topic) {
      if (const auto there = rows.find(topic.first); there != rows.end()) Raise(there->second, &offsets);
      for (const auto& [partition, offset] : offsets) {
        positions[topic::AppId({topic.first, topic.second, 0}, Partition(partition))] = offset;
      }
    }
  }
  return reached;
}

}  // namespace pregao::cli
