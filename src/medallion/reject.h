#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pregao::medallion {

/// Why a record goes to quarantine. The names are stored in tables: never rename one.
enum class Reject : std::uint8_t {
  kMalformed,     ///< not one JSON object in UTF-8 with every key once
  kMissingField,  ///< no ticker, price or time
  kWrongType,     ///< a field that we know holds another type than it must
  kBadPrice,      ///< not finite; or not positive where only positive prices exist
  kBadTime,       ///< not positive, or more than kMaxAheadMs ahead of its reception
  kTooLarge,      ///< value above kMaxValueBytes, or ticker above kMaxTickerBytes
  kTombstone,     ///< a record without a value
};
inline constexpr int kRejectCount = 7;

/// The rules' numbers are constants and not settings, so that a replay, an audit and Spark come to the same verdict.
inline constexpr std::int64_t kMaxAheadMs = 300'000;
inline constexpr std::size_t kMaxValueBytes = 1 << 20;
inline constexpr std::size_t kMaxTickerBytes = 128;
inline constexpr std::int64_t kMaxTimestampMs = 253'402'300'799'999;  ///< the end of year 9999

[[nodiscard]] constexpr std::string_view RejectName(Reject reject) {
  switch (reject) {
    case Reject::kMalformed:
      return "malformed";
    case Reject::kMissingField:
      return "missing_field";
    case Reject::kWrongType:
      return "wrong_type";
    case Reject::kBadPrice:
      return "bad_price";
    case Reject::kBadTime:
      return "bad_time";
    case Reject::kTooLarge:
      return "too_large";
    case Reject::kTombstone:
      return "tombstone";
  }
  return "";
}

/// Quarantine's reason for a row that is right but that the table's engine (BigQuery) does not take; its `detail` has
/// that engine's words.
inline constexpr const char* kRefusedReason = "refused";

/// A verdict against a record: the first rule broken, and what broke it in words that name the field and the value.
struct Rejection {
  Reject reason;
  std::string detail;
};

}  // namespace pregao::medallion
