#pragma once
/// The topic seam: an ordered, durable, partitioned log of records. Kafka, a local SQLite file, or memory.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "base/unset_allocator.h"

namespace pregao::topic {

struct Header {
  std::string key, value;
  friend bool operator==(const Header&, const Header&) = default;
};

/// A record to append. A missing value is a tombstone; a record without a key goes to any partition.
struct NewRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  TimestampMs timestamp;  ///< greater than 0
  std::vector<Header> headers;
};

/// Records as read, their bytes in one block so that a parser may read past a value's end.
/// Views borrow from the batch and live as long as it does and nothing is added.
class RecordBatch {
 public:
  /// Readable bytes after the last value (simdjson's SIMDJSON_PADDING).
  static constexpr std::size_t kPadding = 64;

  struct Record {
    Partition partition;
    Offset offset;
    TimestampMs timestamp;
    std::size_t begin;        ///< of the key in the block; the value follows it
    std::int32_t key_size;    ///< -1: no key
    std::int32_t value_size;  ///< -1: no value
  };

  void Add(Partition partition, Offset offset, TimestampMs timestamp, std::optional<std::string_view> key,
           std::optional<std::string_view> value, std::span<const Header> headers = {});
  void Reserve(std::size_t records, std::size_t bytes);

  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] bool empty() const { return records_.empty(); }
  /// Bytes of keys and values.
  [[nodiscard]] std::size_t bytes() const { return size_; }
  [[nodiscard]] const Record& operator[](std::size_t i) const { return records_[i]; }
  [[nodiscard]] std::optional<std::string_view> Key(std::size_t i) const;
  [[nodiscard]] std::optional<std::string_view> Value(std::size_t i) const;
  [[nodiscard]] std::span<const Header> Headers(std::size_t i) const;

 private:
  std::vector<Record> records_;
  std::vector<char, UnsetAllocator<char>> bytes_;       // keys and values back to back, kPadding bytes of room behind
  std::size_t size_ = 0;                                // of the keys and values in bytes_
  std::map<std::size_t, std::vector<Header>> headers_;  // few records have any
};

/// What a topic is. `generation` changes when a topic of the same name is created anew.
struct TopicInfo {
  std::string name;  ///< as it stands in the tables' lineage
  std::string generation;
  std::int32_t partitions = 0;
};

using Positions = std::map<Partition, Offset>;  ///< next offset to read of each partition

/// Appends records; each goes to the partition of its key (murmur2_random, as the Java client). Thread-safe.
class TopicWriter {
 public:
  virtual ~TopicWriter() = default;
  /// Appends all records in order. OK means that all of them are durable; on an error any part of them may be.
  [[nodiscard]] virtual Status Append(std::span<const NewRecord> records) = 0;
  /// From here on no Append waits long for its answer, nor one that is under way: IOError, as after any that got none.
  /// For a process that ends.
  virtual void Abandon() {}
  [[nodiscard]] virtual const TopicInfo& info() const = 0;
};

/// The offsets of a partition that can be read: [low, high).
struct OffsetRange {
  Offset low, high;
};

/// What a Poll brought. A rebalance comes alone and before any record of a newly assigned partition.
struct Polled {
  RecordBatch records;
  /// Set when the partitions that this reader owns have changed: the whole new set. Records of a partition that is
  /// new in it are delivered only after Seek has named its position.
  std::optional<std::vector<Partition>> assigned;
  /// Where reading stands in partitions whose end it has met: the next offset, past the holes at the end. Tells that
  /// all was read where the last offsets are holes.
  Positions ended;
  /// Offsets [low, high) that retention removed before they could be read; reading goes on behind them. Comes at once,
  /// without waiting for a record.
  std::map<Partition, OffsetRange> lost;
};

/// Reads the partitions that the group gives it. Not thread-safe.
class TopicReader {
 public:
  virtual ~TopicReader() = default;
  /// Waits at most `timeout` until any records are there: up to `max_records`, in offset order by partition; none is a
  /// time-out or a stop. The first call announces the assignment. After an error Seek: some may have been passed over.
  [[nodiscard]] virtual Result<Polled> Poll(std::size_t max_records, std::chrono::milliseconds timeout,
                                            std::stop_token stop = {}) = 0;
  /// Sets the next offset of partitions that this reader owns.
  [[nodiscard]] virtual Status Seek(const Positions& positions) = 0;
  /// Tells the topic how far the tables are, for tools that show lag. Advisory: nothing is ever read from it.
  [[nodiscard]] virtual Status Commit(const Positions& positions) = 0;
  /// The offsets that can be read of every partition of the topic, owned or not.
  [[nodiscard]] virtual Result<std::map<Partition, OffsetRange>> Ranges() = 0;
  [[nodiscard]] virtual const TopicInfo& info() const = 0;
};

}  // namespace pregao::topic
