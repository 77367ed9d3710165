#pragma once
/// The simulated market straight into a topic's shape, without frames and sockets: for benchmarks.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace pregao::yahoo {

struct SimMessageOptions {
  std::uint64_t seed = 1;
  std::vector<std::string> tickers;      ///< empty: DefaultTickers()
  TimestampMs start{1'760'000'000'000};  ///< the first second
  bool brief = false;                    ///< of each quote the seed's six fields and market_hours alone
  double duplicates = 0.01;              ///< share of messages that repeat an earlier one, received_at apart
  double rejects = 0;                    ///< share of messages that Silver must refuse: malformed, missing_field,
                                         ///< wrong_type, bad_price, bad_time in turn
  std::int64_t delay_ms = 250;           ///< received_at after the event
};

/// A topic message. Views borrow from the source until the next call.
struct SimMessage {
  std::string_view key, value;
  TimestampMs timestamp;
};

/// Topic messages at full speed, without frames and sockets, for benchmarks: B3, US, crypto and currencies mixed, about
/// 290 bytes each, or 200 when brief. Deterministic. Not thread-safe.
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
