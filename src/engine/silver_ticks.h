#pragma once
/// Ticks out of Silver's files.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/file_times.h"
#include "lake/data_file.h"
#include "lake/table.h"
#include "medallion/bars.h"

namespace pregao::engine {

inline constexpr std::int64_t kDayUs = 24 * 60 * market::kMinuteUs;
/// The start of the UTC day.
[[nodiscard]] std::int64_t DayStart(std::int64_t time_us);

using Ticks = std::map<std::string, std::vector<medallion::Tick>, std::less<>>;
/// Half-open, microseconds since the epoch.
struct Span {
  std::int64_t from_us = 0, to_us = 0;
};
using Spans = std::map<std::string, Span, std::less<>>;

/// Reads Silver at one version. Memory: the columns of one file at a time, and what is answered. Not thread-safe.
class SilverTicks {
 public:
  SilverTicks(const lake::Table* silver, std::shared_ptr<const lake::Snapshot> snapshot)
      : silver_(silver), snapshot_(std::move(snapshot)) {}

  using Visit = std::function<void(const std::string& ticker, const medallion::Tick& tick)>;
  /// All ticks of a file. Invalid when it is missing or damaged.
  [[nodiscard]] Status ForEach(const lake::DataFile& file, const Visit& visit) const;

  /// The ticks of each ticker in its span, in no order.
  [[nodiscard]] Result<Ticks> Within(const Spans& wanted) const;
  /// The same of all tickers of which `wants` says so, in one span.
  [[nodiscard]] Result<Ticks> Within(Span span, const std::function<bool(std::string_view ticker)>& wants) const;
  /// Of each ticker the last tick with a volume before a time, if it is young enough to matter
  /// (medallion::kVolumeMemoryUs); absent: there is none.
  [[nodiscard]] Result<std::map<std::string, medallion::Tick>> LastVolumes(
      const std::map<std::string, std::int64_t>& before_us) const;

  /// The UTC days that have ticks, by their start, with about as many rows as they have. By the files' statistics;
  /// files without any are read.
  [[nodiscard]] Result<std::map<std::int64_t, std::int64_t>> Days() const;

 private:
  const lake::Table* const silver_;
  const std::shared_ptr<const lake::Snapshot> snapshot_;
};

}  // namespace pregao::engine
