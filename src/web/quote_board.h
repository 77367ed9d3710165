#pragma once
/// The newest quote of each ticker.
#include <array>
#include <arrow/record_batch.h>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "medallion/judge.h"

namespace pregao::web {

/// What the page shows of a quote. Prices are in `currency`; change_percent is in percent.
struct LatestQuote {
  std::string ticker;
  std::int64_t event_time_ms = 0;
  double price = 0;
  std::optional<double> change, change_percent, previous_close;
  std::optional<double> day_high, day_low, day_volume;
  std::string currency, exchange, quote_type, market_hours, short_name, source;  ///< empty: unknown
  std::optional<std::int64_t> received_at_ms;

  /// What the change is measured against: the given close, or price − change.
  [[nodiscard]] std::optional<double> reference() const;
};

/// A row of Silver as the board keeps it.
[[nodiscard]] LatestQuote LatestOf(const medallion::SilverRow& row);
/// A row of LatestSql's answer.
[[nodiscard]] LatestQuote LatestOf(const arrow::RecordBatch& rows, std::int64_t row);
/// {"ticker":"PETR4.SA","price":38.2,…}; what is unknown is left out.
[[nodiscard]] std::string QuoteJson(const LatestQuote& quote);

/// Thread-safe. Holds at most kMaxTickers; more are not taken.
class QuoteBoard {
 public:
  static constexpr std::size_t kMaxTickers = 20'000;
  static constexpr std::size_t kRateSeconds = 10;

  /// @return whether it is now the newest of its ticker; one older than what is there is not. Texts that a newer quote
  /// lacks are kept.
  bool Take(LatestQuote quote);
  [[nodiscard]] std::optional<LatestQuote> Find(const std::string& ticker) const;

  /// Counts messages that were read, of which `fresh` came at `now`: the others were there before.
  void Count(std::int64_t messages, std::int64_t fresh, TimestampMs now);
  /// Fresh messages a second over the last ten whole seconds.
  [[nodiscard]] double Rate(TimestampMs now) const;
  [[nodiscard]] std::int64_t total() const;

  /// Why the topic's newest quotes are not here; empty: they are.
  void SetProblem(std::string problem);
  [[nodiscard]] std::string problem() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, LatestQuote> quotes_;             // all guarded by mutex_
  std::array<std::int64_t, kRateSeconds + 2> seconds_{};  // the second since the epoch that a count is of
  std::array<std::int64_t, kRateSeconds + 2> counts_{};
  std::int64_t total_ = 0;
  std::string problem_;
};

}  // namespace pregao::web
