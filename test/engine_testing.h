#pragma once
/// What the engine's tests share: messages, a topic and a store in memory, and the oracle that judges the tables.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/lake_sink.h"
#include "lake/faulty_store.h"
#include "lake/memory_store.h"
#include "topic/memory_topic.h"

namespace pregao::engine {

inline constexpr std::int64_t kT0 = 1'767'225'600'000;  ///< 2026-01-01T00:00:00Z

/// A message as the listener writes it, `more` being further JSON members with a comma before each.
[[nodiscard]] topic::NewRecord Message(const std::string& ticker, std::int64_t time_ms, double price,
                                       const std::string& more = "");

/// A record as it stands in a table.
struct StoredRow {
  std::int32_t partition;
  std::int64_t offset;
  std::string reason;     ///< of Quarantine
  medallion::RowKey key;  ///< of Silver
};
/// Everything in a table, by a look at its newest version; nothing when the table is absent.
[[nodiscard]] std::vector<StoredRow> RowsOf(std::shared_ptr<lake::ObjectStore> store, const char* root);

/// What is wrong with the tables, given every record that the topic ever had, judged by a set that forgets nothing:
/// Bronze has each record once; Quarantine each reject once, with its reason; Silver each quote once, as one of its
/// records. Empty when all is well. Covers the whole topic, so the engine must have reached its end.
[[nodiscard]] std::vector<std::string> Wrong(topic::MemoryTopic* topic, std::shared_ptr<lake::ObjectStore> store);

/// A sink over `store`, quick to retry.
[[nodiscard]] std::unique_ptr<LakeSink> NewSink(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                                LakeSinkOptions options = {});

}  // namespace pregao::engine
