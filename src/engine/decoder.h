#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/batch.h"
#include "engine/sink.h"
#include "medallion/judge.h"
#include "medallion/raw_builder.h"
#include "medallion/silver_builder.h"

namespace pregao::engine {

/// Judges records, drops duplicates, and collects the rest into the open batch. The keys of a batch are provisional:
/// after a batch that was not committed the decoder is thrown away with its memory. Not thread-safe.
class Decoder {
 public:
  /// `start.lookup` must outlive the decoder.
  Decoder(Start start, topic::TopicInfo topic);

  /// Adds records to the open batch. One look-up in the table at most. On an error the decoder is of no further use.
  [[nodiscard]] Status Add(std::shared_ptr<const topic::RecordBatch> records);
  [[nodiscard]] bool empty() const { return open_.consumed == 0; }
  [[nodiscard]] std::int64_t consumed() const { return open_.consumed; }
  /// Bytes of the open batch's records.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Records of [low, high) will never come: the batch with the first record behind them says so.
  void AddLost(Partition partition, const topic::OffsetRange& gap) { lost_.emplace(partition, gap); }
  /// Closes the open batch, which is not empty, and opens the next.
  [[nodiscard]] Result<Batch> Cut();

  /// The next offset of each partition; at first, where reading begins.
  [[nodiscard]] const topic::Positions& next() const { return next_; }

  /// Batch `number` is committed.
  void Confirm(std::uint32_t number) { memory_->Confirm(number); }
  /// Silver is at `version` now; others have added these rows to it.
  void Fold(TableVersion version, const std::vector<medallion::KeyedRow>& rows);

 private:
  struct Late {
    std::size_t pick;  // index in open_.picks
    medallion::KeyedRow row;
  };
  /// Records of one partition that follow one another, and where its tables stand.
  struct Run {
    Offset judge_from, quarantine_from;
    std::size_t end;
  };
  [[nodiscard]] Run RunAt(const topic::RecordBatch& records, std::size_t begin);
  [[nodiscard]] Status AddRecord(const topic::RecordBatch& records, std::size_t i, const Run& run,
                                 std::vector<Late>* late);
  [[nodiscard]] Status AddRow(const medallion::Record& record, std::vector<Late>* late);
  [[nodiscard]] Status DropLateDuplicates(const std::vector<Late>& late);
  void Open();

  const topic::TopicInfo topic_;
  const topic::Positions judge_from_, quarantine_from_;
  const RecordPlaces skip_;
  const std::unique_ptr<medallion::DedupeMemory> memory_;
  medallion::KeyLookup* const lookup_;  // not owned
  const bool keep_records_;
  TableVersion version_;
  topic::Positions next_;  // the next offset of each partition
  medallion::Judge judge_;
  medallion::RowHasher hasher_;
  medallion::SilverRow row_;
  medallion::SilverBuilder silver_;
  medallion::RawBuilder quarantine_{medallion::RawBuilder::Kind::kQuarantine};
  Batch open_;
  Lost lost_;  // not in a batch yet
  std::size_t bytes_ = 0;
  std::uint32_t number_ = 0;
};

}  // namespace pregao::engine
