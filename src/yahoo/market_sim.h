#pragma once
/// A seeded market: pure, no clock but its own. The same seed and ticker give the same quotes, in whatever order asked.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/quote.h"

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

 private:
  std::uint64_t Random();
  double Uniform();  // [0, 1)
  double Normal();
  void Step();
  void Fill(market::Quote* quote, TimestampMs time) const;

  SimClass class_;
  std::uint64_t rng_;
  TimestampMs start_;
  std::uint64_t tick_ = 0;
  double activity_;    // probability of a snapshot in a second
  double volatility_;  // of one step, relative
  float price_, open_, high_, low_, previous_close_;
  std::int64_t volume_;
  market::Quote stale_, last_;
};

/// The symbols that were asked for, on one clock. Not thread-safe.
class MarketSim {
 public:
  MarketSim(std::uint64_t seed, TimestampMs start) : seed_(seed), start_(start) {}
  /// The market's time: start + the seconds ticked.
  [[nodiscard]] TimestampMs now() const { return start_ + static_cast<std::int64_t>(tick_) * 1000; }
  /// The next second. Quote() then answers for it.
  void Tick() { ++tick_; }
  /// The snapshot of this second, or null: none, or an unknown ticker. Valid until the next call for that ticker.
  [[nodiscard]] const market::Quote* Quote(const std::string& ticker);
  /// The last known price, as a new subscriber gets it first; null for an unknown ticker.
  [[nodiscard]] const market::Quote* Last(const std::string& ticker);

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

struct SimMessageOptions {
  std::uint64_t seed = 1;
  std::vector<std::string> tickers;      ///< empty: DefaultTickers()
  TimestampMs start{1'760'000'000'000};  ///< the first second
  double duplicates = 0.01;              ///< share of messages that repeat an earlier one, received_at apart
  double rejects = 0;                    ///< share of messages that Silver must refuse, of every reason
  std::int64_t delay_ms = 250;           ///< received_at after the event
};

/// A topic message. Views borrow from the source until the next call.
struct SimMessage {
  std::string_view key, value;
  TimestampMs timestamp;
};

/// Topic messages at full speed, without frames and sockets, for benchmarks: B3, US, crypto and currencies mixed, about
/// 200 bytes each. Deterministic. Not thread-safe.
class MessageSource {
 public:
  explicit MessageSource(SimMessageOptions options);
  ~MessageSource();
  [[nodiscard]] SimMessage Next();
  /// How many of the messages so far were duplicates and rejects.
  [[nodiscard]] std::uint64_t duplicates() const;
  [[nodiscard]] std::uint64_t rejects() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Fifty well-known tickers of all classes.
[[nodiscard]] std::span<const std::string_view> DefaultTickers();

}  // namespace pregao::yahoo
