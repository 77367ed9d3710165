#pragma once
/// A seeded market: pure, no clock but its own. The same seed and ticker give the same quotes, in whatever order asked.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "market/quote.h"
#include "yahoo/sim_minutes.h"
#include "yahoo/sim_random.h"

namespace pregao::yahoo {

/// What a ticker is, guessed from its form: `^` first: index; `=X` last: currency; `-USD`, `-BRL`, … last: crypto;
/// `=F` last: future; `.SA` last: B3 (`11.SA`: ETF); else a US equity (SPY, QQQ, IVV, VOO, DIA: ETF).
enum class SimClass : std::uint8_t { kUsEquity, kUsEtf, kB3Equity, kB3Etf, kIndex, kCurrency, kCrypto, kFuture };
[[nodiscard]] SimClass ClassOf(std::string_view ticker);
/// Tickers that start with UNKNOWN stand for symbols that Yahoo does not know.
[[nodiscard]] bool IsUnknown(std::string_view ticker);

/// One symbol's random walk on float32, one step a market second. Not thread-safe.
class SimSymbol {
 public:
  SimSymbol(std::uint64_t seed, std::string_view ticker, TimestampMs start);

  /// The last known price before the market's first second: some hours to three days old.
  [[nodiscard]] const market::Quote& stale() const { return stale_; }
  /// The newest quote: stale() until the first step that speaks.
  [[nodiscard]] const market::Quote& last() const { return last_; }
  /// Moves to the market second `tick` (from 1), step by step. @return whether that very second has a snapshot.
  bool Advance(std::uint64_t tick);
  /// Seconds passed.
  [[nodiscard]] std::uint64_t tick() const { return tick_; }
  /// Of every quote since the market's first second, whether anybody listened or not.
  [[nodiscard]] const SimMinutes& minutes() const { return minutes_; }
  /// The price around which its past lies (SimPast), and the grid of its prices.
  [[nodiscard]] float first_price() const { return first_price_; }
  [[nodiscard]] double grid() const;
  [[nodiscard]] bool has_volume() const { return class_ != SimClass::kCurrency && class_ != SimClass::kIndex; }

 private:
  struct State {
    float price, high, low;
    std::int64_t volume;
  };
  void Step();
  void Fill(const State& state, TimestampMs time, market::Quote* quote) const;
  [[nodiscard]] float OnGrid(double price) const;

  SimClass class_;
  SimRandom random_;
  TimestampMs start_;
  std::uint64_t tick_ = 0;
  double activity_;    // probability of a snapshot in a second
  double volatility_;  // of one step, relative
  double supply_ = 0;  // of a crypto coin
  float first_price_, previous_close_, open_;
  State state_;
  std::int64_t told_volume_;  // by the newest quote
  SimMinutes minutes_;
  market::Quote stale_, last_;
};

/// The symbols that were asked for, on one clock. Not thread-safe.
class MarketSim {
 public:
  MarketSim(std::uint64_t seed, TimestampMs start) : seed_(seed), start_(start) {}
  /// The market's time: start + the seconds ticked.
  [[nodiscard]] TimestampMs now() const { return start_ + static_cast<std::int64_t>(tick_) * 1000; }
  /// The next second. Snapshot() then answers for it.
  void Tick() { ++tick_; }
  /// The snapshot of this second, or null: none, or an unknown ticker. Valid until the next call for that ticker.
  [[nodiscard]] const market::Quote* Snapshot(const std::string& ticker);
  /// The last known price, as a new subscriber gets it first; null for an unknown ticker.
  [[nodiscard]] const market::Quote* Last(const std::string& ticker);
  /// The symbol as it is in this second; null for an unknown ticker. Valid as long as the market.
  [[nodiscard]] const SimSymbol* Symbol(const std::string& ticker);
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] TimestampMs start() const { return start_; }

 private:
  struct Entry {
    SimSymbol symbol;
    bool spoke = false;  // in the second symbol.tick()
  };
  Entry* At(const std::string& ticker);

  std::uint64_t seed_;
  TimestampMs start_;
  std::uint64_t tick_ = 0;
  std::map<std::string, Entry, std::less<>> symbols_;
};

}  // namespace pregao::yahoo
