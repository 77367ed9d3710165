#pragma once
#include <cstdint>
#include <limits>
#include <string>

#include "lake/data_file.h"

namespace pregao::engine {

/// Microseconds since the epoch, both inclusive.
struct TimeRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// What a TIMESTAMP column of the file may hold; everything where its statistics do not say. Writers cut statistics to
/// milliseconds, some of them downward: a millisecond more on either side is safe.
[[nodiscard]] TimeRange TimesOf(const lake::DataFile& file, const std::string& column);

}  // namespace pregao::engine
