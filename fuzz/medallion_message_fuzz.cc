/// A topic's message as anyone might write it. The verdict depends on the value alone: not on the bytes behind it, not
/// on what the same judge saw before, nor on which way the parser takes; and what passes keeps the promises of Silver.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "medallion/judge.h"

namespace {

using namespace pregao::medallion;  // NOLINT
using pregao::market::kPrice;

constexpr std::size_t kPadding = 64;
constexpr std::int64_t kTimestampMs = 1'750'000'000'000;

void Require(bool condition) {
  if (!condition) std::abort();
}

/// The wording of a rejection is the parser's, which may glance at what is behind: it does not count.
struct Verdict {
  std::optional<Reject> rejection;
  RowKey key = {};
  std::optional<std::int64_t> received_at_us = {};
  std::optional<std::string> source = {};
  bool operator==(const Verdict&) const = default;
};

void CheckPromises(const SilverRow& row) {
  Require(!row.ticker().empty() && row.ticker().size() <= kMaxTickerBytes);
  Require(row.event_time_us() > 0 && row.event_time_us() <= kMaxTimestampMs * 1000);
  Require(row.Has(kPrice) && std::isfinite(row.cells[kPrice].number));
  if (row.received_at_us) Require(row.event_time_us() <= *row.received_at_us + kMaxAheadMs * 1000);
}

Verdict Decide(Judge* judge, std::string_view value, char behind) {
  const std::string padded = std::string(value) + std::string(kPadding, behind);
  Record record;
  record.timestamp_ms = kTimestampMs;
  record.value = std::string_view(padded).substr(0, value.size());
  SilverRow row;
  if (const auto rejection = judge->Decide(record, &row)) return {rejection->reason};
  CheckPromises(row);
  RowHasher hasher;
  return {std::nullopt, KeyOf(row, &hasher), row.received_at_us, std::optional<std::string>(row.source)};
}

/// White space, which means nothing in JSON, is not in the plain form: the general parser takes the message.
std::string TheLongWay(std::string_view value) { return "{ " + std::string(value.substr(1)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  static Judge used;
  Judge fresh;
  const Verdict verdict = Decide(&fresh, value, '\0');
  Require(Decide(&fresh, value, '}') == verdict);
  Require(Decide(&used, value, '"') == verdict);
  if (value.starts_with('{')) Require(Decide(&fresh, TheLongWay(value), '}') == verdict);
  return 0;
}
