#include "yahoo/chart.h"

namespace pregao::yahoo {

Result<ChartInterval> ChartIntervalOf(std::string_view name) {
  std::string names;
  for (const ChartInterval& interval : kChartIntervals) {
    if (name == interval.name || (name == "60m" && interval.name == "1h")) return interval;
    names += (names.empty() ? "" : ", ") + std::string(interval.name);
  }
  return Status::Invalid("interval '", name, "' is none of Yahoo's: give one of ", names);
}

ChartNotes& ChartNotes::operator+=(const ChartNotes& other) {
  empty += other.empty;
  partial += other.partial;
  merged += other.merged;
  rescaled += other.rescaled;
  return *this;
}

}  // namespace pregao::yahoo
