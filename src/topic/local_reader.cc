#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "topic/local_cursor.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

using sqlite::Transaction;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a waiting reader looks for new records: a look is a few microseconds and no disk.
constexpr milliseconds kLook{20};
/// How long the advisory Commit waits for a writer's lock.
constexpr milliseconds kCommitWait{50};

class LocalReader final : public TopicReader {
 public:
  LocalReader(LocalFile file, std::vector<LocalCursor> cursors, sqlite::Statement version, sqlite::Statement commit,
              const LocalTopicOptions& options, std::string group)
      : file_(std::move(file)),
        cursors_(std::move(cursors)),
        data_version_(std::move(version)),
        commit_(std::move(commit)),
        busy_timeout_(options.busy_timeout),
        group_(std::move(group)) {}

  Result<Polled> Poll(std::size_t max_records, milliseconds timeout, std::stop_token stop) override {
    Polled polled;
    if (!announced_) {
      announced_ = true;
      polled.assigned = Owned();
      return polled;
    }
    const auto deadline = steady_clock::now() + timeout;
    for (;;) {
      TRY_ASSIGN(const bool changed, Changed());
      if (changed) {
        polled.records.Reserve(last_records_, last_bytes_);
        TRY(Read(max_records, &polled));
        last_records_ = polled.records.size();
        last_bytes_ = polled.records.bytes() + polled.records.bytes() / 16;
      }
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
      if (!polled.records.empty() || !polled.lost.empty() || left.count() <= 0 || stop.stop_requested()) {
        for (const LocalCursor& cursor : cursors_) {
          if (const auto end = cursor.ended()) polled.ended[cursor.partition()] = *end;
        }
        return polled;
      }
      Sleep(std::min(left, kLook), stop);
    }
  }

  Status Seek(const Positions& positions) override {
    TRY_ASSIGN(const auto states, file_.Partitions());
    for (const auto& [partition, offset] : positions) {
      if (Find(partition) == nullptr || !announced_) return NotOwned(info(), partition);
      TRY(CheckSeek(info(), partition, offset, states[static_cast<std::size_t>(partition.value)].high));
    }
    for (const auto& [partition, offset] : positions) Find(partition)->Seek(offset);
    pending_ = true;
    return Status::OK();
  }

  Status Commit(const Positions& positions) override {
    for (const auto& [partition, offset] : positions) {
      if (Find(partition) == nullptr) return NotOwned(info(), partition);
    }
    file_.db().SetBusyTimeout(kCommitWait);
    const Status status = StorePositions(positions);
    file_.db().SetBusyTimeout(busy_timeout_);
    return sqlite::IsBusy(status) ? Status::OK() : status;
  }

  Result<std::map<Partition, OffsetRange>> Ranges() override {
    TRY(file_.identity().StillThere());
    TRY_ASSIGN(const auto states, file_.Partitions());
    std::map<Partition, OffsetRange> ranges;
    for (std::size_t p = 0; p < states.size(); ++p) {
      ranges[Partition(static_cast<std::int32_t>(p))] = {states[p].low, states[p].high};
    }
    return ranges;
  }

  const TopicInfo& info() const override { return file_.info(); }

 private:
  [[nodiscard]] std::vector<Partition> Owned() const {
    std::vector<Partition> owned;
    for (const LocalCursor& cursor : cursors_) owned.push_back(cursor.partition());
    return owned;
  }

  LocalCursor* Find(Partition partition) {
    for (LocalCursor& cursor : cursors_) {
      if (cursor.partition() == partition) return &cursor;
    }
    return nullptr;
  }

  /// Whether there may be something to read: another connection committed since the last look, or a Read left some.
  Result<bool> Changed() {
    TRY(file_.identity().StillThere());
    const sqlite::Resetter reset(data_version_);
    TRY_ASSIGN(const bool row, data_version_.Step());
    const std::int64_t version = row ? data_version_.Int(0) : 0;
    const bool changed = version != seen_version_ || pending_;
    seen_version_ = version;
    return changed;
  }

  /// Shares `max_records` among the partitions, so that none waits for another's backlog, then fills what is left over.
  Status Read(std::size_t max_records, Polled* polled) {
    RecordBatch* const out = &polled->records;
    pending_ = true;  // unless all of this succeeds and reaches the end
    TRY_ASSIGN(auto transaction, Transaction::Begin(file_.db(), Transaction::Kind::kRead));
    TRY_ASSIGN(const auto states, file_.Partitions());
    const std::size_t count = cursors_.size();
    const auto pass = [&](bool shared) -> Status {
      for (std::size_t i = 0; i < count; ++i) {
        LocalCursor& cursor = cursors_[(first_ + i) % count];
        if (!cursor.positioned()) continue;
        const std::size_t room = max_records - std::min(max_records, out->size());
        const std::size_t share = shared ? (room + count - i - 1) / (count - i) : room;
        TRY(cursor.Read(states[static_cast<std::size_t>(cursor.partition().value)], out->size() + share, polled));
      }
      return Status::OK();
    };
    TRY(pass(true));
    TRY(pass(false));
    first_ = (first_ + 1) % std::max<std::size_t>(count, 1);
    pending_ = out->size() >= max_records || out->bytes() >= kMaxPollBytes;
    return transaction.Commit();
  }

  Status StorePositions(const Positions& positions) {
    TRY_ASSIGN(auto transaction, Transaction::Begin(file_.db(), Transaction::Kind::kWrite));
    for (const auto& [partition, offset] : positions) {
      commit_.Bind(1, file_.topic_id()).Bind(2, std::string_view(group_)).Bind(3, std::int64_t{partition.value});
      TRY(commit_.Bind(4, offset.value).Run());
    }
    return transaction.Commit();
  }

  void Sleep(milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
  }

  LocalFile file_;
  std::vector<LocalCursor> cursors_;  // with statements of file_, as are the next two
  sqlite::Statement data_version_, commit_;
  const milliseconds busy_timeout_;
  const std::string group_;
  bool announced_ = false;
  std::size_t last_records_ = 0, last_bytes_ = 0;  // of the last Read, as a guess of the next one
  bool pending_ = true;  // there may be records that no change of the data version will tell of
  std::int64_t seen_version_ = -1;
  std::size_t first_ = 0;  // which partition comes first in the next Read
};

Result<std::vector<LocalCursor>> OpenCursors(LocalFile& file, std::optional<std::vector<Partition>> partitions) {
  const TopicInfo& info = file.info();
  if (!partitions) {
    partitions.emplace();
    for (std::int32_t p = 0; p < info.partitions; ++p) partitions->push_back(Partition(p));
  }
  std::sort(partitions->begin(), partitions->end());
  partitions->erase(std::unique(partitions->begin(), partitions->end()), partitions->end());
  std::vector<LocalCursor> cursors;
  for (const Partition partition : *partitions) {
    if (partition < Partition(0) || partition >= Partition(info.partitions)) {
      return Status::Invalid("topic '", info.name, "' has no partition ", partition, ": it has ", info.partitions,
                             ", numbered from 0");
    }
    TRY_ASSIGN(auto cursor, LocalCursor::Open(file, partition));
    cursors.push_back(std::move(cursor));
  }
  return cursors;
}

}  // namespace

Result<std::unique_ptr<TopicReader>> OpenLocalReader(const LocalTopicOptions& options,
                                                     const LocalReaderOptions& reader) {
  // What a reader writes is advisory: it need not wait for the disk.
  TRY_ASSIGN(LocalFile file, LocalFile::Open(options, LocalFile::Sync::kRelaxed));
  TRY_ASSIGN(auto cursors, OpenCursors(file, reader.partitions));
  TRY_ASSIGN(auto version, file.db().Prepare("PRAGMA data_version"));
  TRY_ASSIGN(auto commit, file.db().Prepare("INSERT INTO committed VALUES(?1, ?2, ?3, ?4)"
                                            " ON CONFLICT DO UPDATE SET position=?4"));
  return std::make_unique<LocalReader>(std::move(file), std::move(cursors), std::move(version), std::move(commit),
                                       options, reader.group);
}

}  // namespace pregao::topic
