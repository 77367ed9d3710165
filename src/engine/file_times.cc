#include "engine/file_times.h"

namespace pregao::engine {

TimeRange TimesOf(const lake::DataFile& file, const std::string& column) {
  TimeRange range;
  const auto bounds = lake::StatBounds(file, column);
  if (!bounds) return range;
  if (const auto min = lake::ParseStatTimestamp(bounds->min)) range.min = *min - 1000;
  if (const auto max = lake::ParseStatTimestamp(bounds->max)) range.max = *max + 1000;
  return range;
}

}  // namespace pregao::engine
