#include "yahoo/message_source.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "yahoo/market_sim.h"
#include "yahoo/sim_random.h"

namespace pregao::yahoo {
namespace {

constexpr std::array<std::string_view, 50> kDefaultTickers{
    "PETR4.SA", "VALE3.SA", "ITUB4.SA", "BBDC4.SA", "ABEV3.SA", "BBAS3.SA",  "WEGE3.SA",  "MGLU3.SA", "B3SA3.SA",
    "ITSA4.SA", "RENT3.SA", "SUZB3.SA", "GGBR4.SA", "PRIO3.SA", "BOVA11.SA", "SMAL11.SA", "AAPL",     "MSFT",
    "NVDA",     "AMZN",     "GOOGL",    "META",     "TSLA",     "AVGO",      "JPM",       "V",        "XOM",
    "JNJ",      "KO",       "DIS",      "SPY",      "QQQ",      "IVV",       "VOO",       "^GSPC",    "^IXIC",
    "^BVSP",    "BTC-USD",  "ETH-USD",  "SOL-USD",  "XRP-USD",  "DOGE-USD",  "BTC-BRL",   "BRL=X",    "EURUSD=X",
    "JPY=X",    "EURBRL=X", "GBPUSD=X", "CL=F",     "GC=F"};

/// Earlier messages from which a duplicate is drawn.
constexpr std::size_t kRemembered = 256;

/// The six fields of the seed and market_hours.
market::Quote Brief(const market::Quote& quote) {
  market::Quote brief;
  for (const auto field : {market::kTicker, market::kPrice, market::kEventTime, market::kExchange,
                           market::kChangePercent, market::kChange, market::kMarketHours}) {
    brief[field] = quote[field];
  }
  return brief;
}

struct Made {
  std::size_t ticker = 0;  // index into the tickers
  std::string head;        // the JSON up to received_at
  std::int64_t time = 0;
  bool spoilt = false;
};

}  // namespace

std::span<const std::string_view> DefaultTickers() { return kDefaultTickers; }

struct MessageSource::State {
  explicit State(SimMessageOptions o) : options(std::move(o)), random(options.seed, "messages") {
    if (options.tickers.empty()) options.tickers.assign(kDefaultTickers.begin(), kDefaultTickers.end());
    for (const std::string& ticker : options.tickers) symbols.emplace_back(options.seed, ticker, options.start);
    remembered.resize(kRemembered);
  }

  /// The next snapshot of the market: symbol after symbol, second after second.
  Made& Fresh() {
    while (true) {
      const std::size_t i = next;
      next = (next + 1) % symbols.size();
      if (i == 0) ++tick;
      if (!symbols[i].Advance(tick)) continue;
      Made& made = remembered[fresh++ % kRemembered];
      const market::Quote& quote = symbols[i].last();
      made.ticker = i;
      made.spoilt = false;
      made.time = std::get<std::int64_t>(quote[market::kEventTime]);
      made.head.clear();
      if (options.brief) {
        market::AppendJson(Brief(quote), &made.head);
      } else {
        market::AppendJson(quote, &made.head);
      }
      made.head.pop_back();  // its brace
      return made;
    }
  }

  /// Spoils what Fresh made so that Silver refuses it.
  void Spoil(Made* made) {
    const auto replace_value = [made](std::string_view key, std::string_view wrong) {
      const std::size_t begin = made->head.find(key) + key.size();
      made->head.replace(begin, made->head.find(',', begin) - begin, wrong);
    };
    const SimClass c = ClassOf(options.tickers[made->ticker]);
    const bool may_be_negative = c == SimClass::kFuture || c == SimClass::kIndex;
    switch (rejects++ % 5) {
      case 0:
        made->head += ",oops";
        break;  // malformed
      case 1:
        made->head.replace(made->head.find("\"price\":"), 8, "\"prize\":");
        break;  // missing_field
      case 2:
        replace_value("\"price\":", "\"12.34\"");
        break;  // wrong_type
      case 3:
        if (!may_be_negative) {
          replace_value("\"price\":", "-1");  // bad_price
          break;
        }
        [[fallthrough]];
      case 4:
        replace_value("\"time\":", "-5");
        break;  // bad_time
    }
    made->spoilt = true;
  }

  SimMessageOptions options;
  SimRandom random;
  std::vector<SimSymbol> symbols;
  std::vector<Made> remembered;
  std::string value;
  std::size_t next = 0;
  std::uint64_t tick = 0, fresh = 0, duplicates = 0, rejects = 0;
};

MessageSource::MessageSource(SimMessageOptions options) : state_(std::make_unique<State>(std::move(options))) {}
MessageSource::~MessageSource() = default;
std::uint64_t MessageSource::duplicates() const { return state_->duplicates; }
std::uint64_t MessageSource::rejects() const { return state_->rejects; }

SimMessage MessageSource::Next() {
  State& s = *state_;
  std::int64_t delay_ms = s.options.delay_ms;
  const Made* made = nullptr;
  if (s.fresh > 0 && s.random.Chance(s.options.duplicates)) {
    made = &s.remembered[s.random.Below(std::min<std::uint64_t>(s.fresh, kRemembered))];
  }
  if (made != nullptr && !made->spoilt) {
    delay_ms += 1 + static_cast<std::int64_t>(s.random.Below(2'000));
    ++s.duplicates;
  } else {
    Made& fresh = s.Fresh();
    if (s.random.Chance(s.options.rejects)) s.Spoil(&fresh);
    made = &fresh;
  }
  s.value = made->head;
  const TimestampMs received(made->time + delay_ms);
  std::array<char, 24> digits;
  s.value += ",\"received_at\":";
  s.value.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), received.value).ptr);
  s.value += ",\"source\":\"simulator\"}";
  return {s.options.tickers[made->ticker], s.value, received};
}

}  // namespace pregao::yahoo
