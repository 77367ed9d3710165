#pragma once
/// The local topic: one SQLite file (WAL) that holds any number of topics by name, for one machine. Writers and readers
/// may live in several processes; the file must lie on a local disk (SQLite's WAL needs shared memory).
///
/// Errors name the file and the remedy: KeyError, no such file or topic; Invalid, not a topic file, damaged, or the
/// topic was deleted or created anew while open; NotImplemented, written by a newer pregao; IOError, permission, full
/// disk, or locked longer than `busy_timeout` (a retry may help).
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "topic/topic.h"

namespace pregao::topic {

struct LocalTopicOptions {
  std::string path;
  std::string name = "quotes";
  std::int32_t partitions = 4;  ///< of a topic that is created; one that exists keeps its own
  bool create = true;           ///< create file and topic when absent
  /// Records older than this, counted from their append, are removed; nullopt keeps them.
  std::optional<std::chrono::milliseconds> retention_age;
  /// The oldest records are removed while the topic holds more than this; nullopt: no limit. The file itself never
  /// shrinks: new records use the room of removed ones.
  std::optional<std::int64_t> retention_bytes;
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long to wait for another process's lock
  const Clock* clock = nullptr;                    ///< not owned; of appends and retention. Null: the system's
};

/// Append acknowledges when the records are on disk (fsync), all of them or none. Now and then it also applies the
/// retention, a bounded piece at a time; trouble with that is logged, not returned.
[[nodiscard]] Result<std::unique_ptr<TopicWriter>> OpenLocalWriter(const LocalTopicOptions& options);

struct LocalReaderOptions {
  std::string group = "pregao";                           ///< under which Commit stores positions
  std::optional<std::vector<Partition>> partitions = {};  ///< which to own; nullopt: all
};

/// Owns its partitions from the first Poll on, which announces them; they never change. A position that retention
/// overtook goes on at the lowest offset there is, so the next record's offset shows the gap. New records are noticed
/// within about 20 ms. A Commit that meets a lock is dropped: the next one tells more.
/// `options.create` set creates an absent topic, so that a reader may be first.
[[nodiscard]] Result<std::unique_ptr<TopicReader>> OpenLocalReader(const LocalTopicOptions& options,
                                                                   const LocalReaderOptions& reader = {});

/// Removes what the options' retention no longer keeps, all of it, in short transactions. The writer does this by
/// itself. Records are removed in chunks as they were appended (up to 256 KiB), by age only when the whole chunk is
/// old.
/// @return how many records were removed
[[nodiscard]] Result<std::int64_t> ApplyRetention(const LocalTopicOptions& options);

/// Removes records below the positions, a whole chunk as it was appended (up to 256 KiB) at a time, for a reader that
/// is the only one and is done with them. What is lost in a power cut is the removal, never a record.
/// @return the bytes that the topic still holds
[[nodiscard]] Result<std::int64_t> TrimLocalTopic(const LocalTopicOptions& options, const Positions& below);

/// Removes the topic with all its records. Created again it has a new generation and offsets from 0. KeyError if
/// absent.
[[nodiscard]] Status DeleteLocalTopic(const LocalTopicOptions& options);

/// The names of the topics in a file, sorted.
[[nodiscard]] Result<std::vector<std::string>> ListLocalTopics(const std::string& path);

/// The bytes that the topic's records take in the file.
[[nodiscard]] Result<std::int64_t> LocalTopicBytes(const LocalTopicOptions& options);

/// What readers of the group last committed; for tools that show lag. Empty when nobody did.
[[nodiscard]] Result<Positions> LocalGroupPositions(const LocalTopicOptions& options, const std::string& group);

}  // namespace pregao::topic
