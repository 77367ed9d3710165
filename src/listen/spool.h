#pragma once
/// Store and forward: a topic writer that never waits for a broker which is away.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "topic/topic.h"

namespace pregao::listen {

/// The file of a spool and how much may lie in it, shared by the writers that use it. One process at a time.
/// Thread-safe.
class SpoolRoom {
 public:
  /// Makes the folder. Invalid: another listener uses the file; IOError: its folder cannot be written or
  /// has no locks.
  [[nodiscard]] static Result<std::shared_ptr<SpoolRoom>> Open(std::string path, std::int64_t max_bytes);
  ~SpoolRoom();
  SpoolRoom(const SpoolRoom&) = delete;
  SpoolRoom& operator=(const SpoolRoom&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::int64_t max_bytes() const { return max_bytes_; }
  [[nodiscard]] std::int64_t used() const { return used_; }
  void Use(std::int64_t bytes) { used_ += bytes; }

 private:
  SpoolRoom(std::string path, std::int64_t max_bytes, int lock)
      : path_(std::move(path)), max_bytes_(max_bytes), lock_(lock) {}

  const std::string path_;
  const std::int64_t max_bytes_;  ///< of records; the file and its write-ahead log add some 64 MiB at most
  const int lock_;                // file descriptor, locked while open
  std::atomic<std::int64_t> used_{0};
};

struct SpoolOptions {
  std::string name = "quotes";                ///< of the topic, for people
  std::string address = {};                   ///< of the topic: what was spooled for one is never sent to another
  std::chrono::milliseconds patience{2'000};  ///< for the topic's answer; then the records go to the disk
  std::chrono::milliseconds retry_min{200}, retry_max{10'000};  ///< between attempts: doubles from one to the other
  std::size_t batch_records = 1'000;                            ///< sent from the spool at once
  std::chrono::milliseconds close_grace{5'000};                 ///< for the topic's answer at the end
  /// Whether records that waited get a header `spooled` (when, ms): after a crash they may be in the topic twice, and
  /// nothing behind the topic drops what has no identity.
  bool mark = false;
};

struct SpoolStats {
  std::uint64_t waiting = 0;           ///< records in the spool
  std::int64_t bytes = 0;              ///< of them
  std::uint64_t spooled = 0;           ///< records that had to wait, since the start
  std::uint64_t refused = 0;           ///< appends refused because the spool is full or its disk is
  std::optional<TimestampMs> since;    ///< when the topic was first seen away; nullopt: all is sent
  std::optional<TimestampMs> drained;  ///< when the spool was last emptied
  std::string problem;                 ///< of the topic that is away
};

/// Appends to a topic; what the topic does not take goes to a local topic on disk and is sent from there, in order,
/// when the topic is back. While anything waits new records go behind it, so the order of each key is kept.
///
/// OK from Append means durable: in the topic, or on the disk. A full spool and a full disk are IOErrors: the caller
/// holds back, and nothing is lost that was acknowledged. Records may be sent twice after a crash or a lost answer.
/// What an earlier process left is sent first. A record that the topic will never take (Invalid) stops the sending: the
/// next Append returns the refusal. Where the cluster refuses us (topic/refusal.h), the topic is away.
///
/// Thread-safe. One thread of its own sends; the destructor gives its present attempt close_grace to end, then abandons
/// it: what it was sending is on the disk.
class Spool final : public topic::TopicWriter {
 public:
  using OpenTopic = std::function<Result<std::unique_ptr<topic::TopicWriter>>()>;

  /// Opens the spool and tries the topic once, at most `patience` long: that it is away is no error. Errors that a
  /// retry does not mend (Invalid, NotImplemented, KeyError) are. `open` is called on the spool's thread, `clock` must
  /// outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> Create(SpoolOptions options, std::shared_ptr<SpoolRoom> room,
                                                             OpenTopic open, const Clock* clock);
  ~Spool() override;

  [[nodiscard]] Status Append(std::span<const topic::NewRecord> records) override;
  /// The name alone: generation and number of partitions are not known while the topic is away.
  [[nodiscard]] const topic::TopicInfo& info() const override;
  [[nodiscard]] SpoolStats stats() const;

 private:
  struct State;
  explicit Spool(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

/// What waits in a spool for one topic.
struct SpoolWaiting {
  std::string name;  ///< of the local topic that it waits in: SpoolName of its address
  std::int64_t records = 0;
  std::int64_t bytes = 0;             ///< about: in the file
  std::optional<TimestampMs> oldest;  ///< when the first of them was received; nullopt: nothing waits
};

/// A look from outside, also while a listener uses it; changes nothing. KeyError: there is no such file.
[[nodiscard]] Result<std::vector<SpoolWaiting>> LookAtSpool(const std::string& path);
/// The name of the local topic in which records wait for a topic of this address: as it is, but for characters that a
/// topic's name has not; one that is too long has a hash for its end.
[[nodiscard]] std::string SpoolName(const std::string& address);

/// What waits in a spool's file for other topics than these addresses: nobody sends it while they are the ones.
/// @return records by the name of the local topic that they wait in
[[nodiscard]] Result<std::map<std::string, std::int64_t>> WaitingForOthers(const std::string& path,
                                                                           const std::vector<std::string>& addresses);

}  // namespace pregao::listen
