#pragma once
/// Which small files of a table are packed together. Pure.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "lake/table.h"

namespace pregao::lake {

/// When the small files of a partition are worth packing.
struct PackRule {
  std::size_t min_files = 2;  ///< fewer are left as they are
  /// A file joins if it is at most so many times as large as all smaller ones together, so that a large file is not
  /// rewritten for the sake of a few small ones. With 1 a row is rewritten about log2(target size / small file) times.
  double growth = std::numeric_limits<double>::infinity();
};

struct PackLimits {
  std::int64_t target_size = 128 << 20;  ///< bytes; a bin's files have at most so many, and half as many are enough
  std::int64_t max_rows = std::numeric_limits<std::int64_t>::max();  ///< of a bin; half as many are enough
};

/// Files of one partition that become one.
struct Bin {
  PartitionValues partition_values;
  std::vector<std::shared_ptr<const DataFile>> files;  ///< in the order in which they were added; at least two
};

/// The bins of all partitions. A partition whose `date` is before `closed_before` (ISO 8601; empty: none) goes by
/// `closed`, the others by `open`.
[[nodiscard]] std::vector<Bin> PlanBins(const Snapshot& snapshot, const PackLimits& limits, const PackRule& open,
                                        const PackRule& closed, const std::string& closed_before);

}  // namespace pregao::lake
