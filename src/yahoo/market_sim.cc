#include "yahoo/market_sim.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "yahoo/sim_past.h"
#include "yahoo/sim_random.h"

namespace pregao::yahoo {
namespace {

/// What the simulated symbols of a class have in common.
struct ClassTraits {
  std::string_view quote_type, exchange;
  double price_low, price_high;  // of the first price, log-uniform
  double tick;                   // the price's grid
  double volatility;             // relative, of one second
  double activity_low;           // probability of a snapshot a second, up to 1
  std::int64_t price_hint;
};

const ClassTraits& TraitsOf(SimClass c) {
  static constexpr std::array<ClassTraits, 8> kTraits{{
      {"EQUITY", "NMS", 20, 500, 0.01, 0.0002, 0.5, 2},
      {"ETF", "PCX", 50, 600, 0.01, 0.0001, 0.7, 2},
      {"EQUITY", "SAO", 5, 90, 0.01, 0.0003, 0.3, 2},
      {"ETF", "SAO", 60, 160, 0.01, 0.0002, 0.3, 2},
      {"INDEX", "SNP", 3'000, 140'000, 0.01, 0.0001, 0.8, 2},
      {"CURRENCY", "CCY", 0.8, 7, 0.0001, 0.00005, 0.6, 4},
      {"CRYPTOCURRENCY", "CCC", 0.1, 110'000, 0.0001, 0.0004, 0.9, 2},
      {"FUTURE", "NYM", 2, 4'000, 0.01, 0.0003, 0.6, 2},
  }};
  return kTraits[static_cast<std::size_t>(c)];
}

constexpr std::int64_t kHourMs = 3'600'000, kDayS = 86'400;

/// Where Yahoo says that a ticker is quoted: for an index, that of its home.
std::string_view ExchangeOf(SimClass c, std::string_view ticker) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kIndices{
      {{"^BVSP", "SAO"}, {"^DJI", "DJI"}, {"^IXIC", "NIM"}, {"^FTSE", "FGI"}, {"^GDAXI", "GER"}, {"^N225", "OSA"}}};
  for (const auto& [index, exchange] : kIndices) {
    if (ticker == index) return exchange;
  }
  return TraitsOf(c).exchange;
}

}  // namespace

SimClass ClassOf(std::string_view ticker) {
  if (ticker.starts_with('^')) return SimClass::kIndex;
  if (ticker.ends_with("=X")) return SimClass::kCurrency;
  if (ticker.ends_with("=F")) return SimClass::kFuture;
  for (const std::string_view money : {"-USD", "-BRL", "-EUR", "-GBP", "-BTC"}) {
    if (ticker.ends_with(money)) return SimClass::kCrypto;
  }
  if (ticker.ends_with("11.SA")) return SimClass::kB3Etf;
  if (ticker.ends_with(".SA")) return SimClass::kB3Equity;
  for (const std::string_view etf : {"SPY", "QQQ", "IVV", "VOO", "DIA"}) {
    if (ticker == etf) return SimClass::kUsEtf;
  }
  return SimClass::kUsEquity;
}

bool IsUnknown(std::string_view ticker) { return ticker.starts_with("UNKNOWN"); }

SimSymbol::SimSymbol(std::uint64_t seed, std::string_view ticker, TimestampMs start)
    : class_(ClassOf(ticker)), random_(seed, ticker), start_(start) {
  const ClassTraits& traits = TraitsOf(class_);
  activity_ = traits.activity_low + (1 - traits.activity_low) * random_.Uniform();
  volatility_ = traits.volatility * (0.5 + random_.Uniform());
  const double first = traits.price_low * std::pow(traits.price_high / traits.price_low, random_.Uniform());
  first_price_ = previous_close_ = open_ = OnGrid(first);
  if (const std::int64_t minute_s = start.value / 60'000 * 60; minute_s >= SimPast::kBegin + kDayS) {
    // The stream goes on where the chart's past ends, and its reference is the past's last close of a day.
    SimPast past(seed, ticker, static_cast<double>(first_price_), grid());
    previous_close_ = past.At(minute_s - minute_s % kDayS - 60).close;
    open_ = past.At(minute_s - 60).close;
  }
  state_ = {open_, open_, open_, 1'000 + static_cast<std::int64_t>(random_.Uniform() * 5e6)};
  told_volume_ = state_.volume;

  stale_[market::kTicker] = std::string(ticker);
  stale_[market::kQuoteType] = std::string(traits.quote_type);
  stale_[market::kExchange] = std::string(ExchangeOf(class_, ticker));
  stale_[market::kMarketHours] = "REGULAR_MARKET";
  stale_[market::kPriceHint] = traits.price_hint;
  if (class_ == SimClass::kCrypto) {
    const std::size_t dash = ticker.rfind('-');
    stale_[market::kCurrency] = std::string(ticker.substr(dash + 1));
    stale_[market::kFromCurrency] = std::string(ticker.substr(0, dash));
    stale_[market::kLastMarket] = "CoinMarketCap";
    supply_ = std::floor(1e6 + random_.Uniform() * 1e8);
    stale_[market::kCirculatingSupply] = supply_;
  }
  const auto age_hours = 1 + static_cast<std::int64_t>(random_.Uniform() * 71);
  Fill(state_, TimestampMs(start.value - age_hours * kHourMs), &stale_);
  last_ = stale_;
  // The market's first second is a session's first: its volume counts from there, from one lot, for a zero is not
  // sent. Crypto's is of the last 24 hours.
  if (class_ != SimClass::kCrypto) {
    told_volume_ = 0;
    state_.volume = 100;
  }
}

double SimSymbol::grid() const { return TraitsOf(class_).tick; }

float SimSymbol::OnGrid(double price) const {
  const double tick = grid();
  return static_cast<float>(std::max(1.0, std::round(price / tick)) * tick);
}

void SimSymbol::Step() {
  state_.price = OnGrid(static_cast<double>(state_.price) * (1 + volatility_ * random_.Normal()));
  state_.high = std::max(state_.high, state_.price);
  state_.low = std::min(state_.low, state_.price);
  state_.volume += 100 * static_cast<std::int64_t>(random_.Uniform() * 40);
}

bool SimSymbol::Advance(std::uint64_t tick) {
  bool spoke = false;
  State spoken{};
  std::uint64_t spoken_at = 0;
  while (tick_ < tick) {
    ++tick_;
    Step();
    spoke = random_.Uniform() < activity_;
    if (!spoke) continue;
    spoken = state_;
    spoken_at = tick_;
    minutes_.Add(start_.value / 1000 + static_cast<std::int64_t>(tick_), state_.price,
                 has_volume() ? state_.volume - told_volume_ : 0);
    told_volume_ = state_.volume;
  }
  // Of the seconds passed over, only the newest quote is ever seen.
  if (spoken_at != 0) Fill(spoken, start_ + static_cast<std::int64_t>(spoken_at) * 1000, &last_);
  return spoke;
}

void SimSymbol::Fill(const State& state, TimestampMs time, market::Quote* quote) const {
  auto& q = *quote;
  const float change = state.price - previous_close_;
  q[market::kEventTime] = time.value;
  q[market::kPrice] = market::ShortestDouble(state.price);
  q[market::kChange] = market::ShortestDouble(change);
  q[market::kChangePercent] = market::ShortestDouble(change / previous_close_ * 100);
  if (has_volume()) q[market::kDayVolume] = state.volume;
  if (class_ != SimClass::kCrypto) return;
  q[market::kDayHigh] = market::ShortestDouble(state.high);
  q[market::kDayLow] = market::ShortestDouble(state.low);
  q[market::kOpenPrice] = market::ShortestDouble(open_);
  // Yahoo sends one rolling number in all four.
  q[market::kLastSize] = q[market::kVol24hr] = q[market::kVolAllCurrencies] = state.volume;
  q[market::kMarketCap] = std::round(supply_ * static_cast<double>(state.price));
}

MarketSim::Entry* MarketSim::At(const std::string& ticker) {
  if (IsUnknown(ticker)) return nullptr;
  auto it = symbols_.find(ticker);
  if (it == symbols_.end()) it = symbols_.emplace(ticker, Entry{SimSymbol(seed_, ticker, start_)}).first;
  Entry& entry = it->second;
  if (entry.symbol.tick() < tick_) entry.spoke = entry.symbol.Advance(tick_);
  return &entry;
}

const market::Quote* MarketSim::Snapshot(const std::string& ticker) {
  const Entry* entry = At(ticker);
  return entry != nullptr && entry->spoke ? &entry->symbol.last() : nullptr;
}

const SimSymbol* MarketSim::Symbol(const std::string& ticker) {
  const Entry* entry = At(ticker);
  return entry != nullptr ? &entry->symbol : nullptr;
}

const market::Quote* MarketSim::Last(const std::string& ticker) {
  const Entry* entry = At(ticker);
  return entry != nullptr ? &entry->symbol.last() : nullptr;
}

}  // namespace pregao::yahoo
