#pragma once
/// Yahoo's frames: text messages that carry a PricingData protobuf (docs/yahoo.md).
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "market/quote.h"

namespace pregao::yahoo {

/// Larger messages are refused: a real one is below 1 KiB.
inline constexpr std::size_t kMaxFrameBytes = 64 * 1024;

/// An envelope whose type is not "pricing": not a price, not an error.
struct OtherMessage {
  std::string type;
};
using Frame = std::variant<market::Quote, OtherMessage>;

/// Decodes a text message: the JSON envelope of `version=2` or the bare base64. Pure and reentrant.
/// received_at and source of the quote are left to the caller; its ticker may be absent.
/// Invalid, saying what and where: not base64, not protobuf, a listed field of another wire type, text that is not
/// UTF-8, a float that is not finite. The message is then a dead letter.
[[nodiscard]] Result<Frame> DecodeFrame(std::string_view message);

/// The PricingData bytes alone, as DecodeFrame reads them.
[[nodiscard]] Result<market::Quote> DecodePricingData(std::string_view bytes);

/// The reverse, for the simulator: fields in the order of their numbers, zeros left out as proto3 does, unknown fields
/// last. Enum names that are no names or numbers are left out.
[[nodiscard]] std::string EncodePricingData(const market::Quote& quote);

enum class Envelope : std::uint8_t { kBare, kJson };
[[nodiscard]] std::string EncodeFrame(const market::Quote& quote, Envelope envelope);

}  // namespace pregao::yahoo
