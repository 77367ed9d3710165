#include "engine/hand_over.h"

#include "topic/positions.h"

namespace pregao::engine {

Status AdvancePositions(lake::Table* table, const topic::TopicInfo& topic, const topic::Positions& to) {
  TRY_ASSIGN(const auto base, table->Refresh());
  lake::Transaction txn;
  txn.operation = "HAND OVER";
  for (const auto& [partition, offset] : to) {
    const std::string id = topic::AppId(topic, partition);
    const auto held = base->positions.find(id);
    const bool fresh = held == base->positions.end();
    if (!fresh && held->second >= offset.value) continue;
    txn.positions.push_back({id, fresh ? std::nullopt : std::optional(held->second), offset.value});
  }
  if (txn.positions.empty()) return Status::OK();
  TRY_ASSIGN(const auto result, table->Commit(base, std::move(txn)));
  if (result.outcome == lake::CommitOutcome::kCommitted) return Status::OK();
  return Status::IOError("table ", table->root(),
                         " was written by another process while it was handed over: ", "stop that one, then try again");
}

}  // namespace pregao::engine
