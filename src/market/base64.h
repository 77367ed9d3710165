#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pregao::market {

/// Standard base64 (RFC 4648, section 4), padded.
void AppendBase64(std::string_view bytes, std::string* out);
[[nodiscard]] std::string EncodeBase64(std::string_view bytes);

/// Strict: padding required, no white space, unused bits zero, so that a text has one meaning only.
/// @return nullopt when `text` is anything else.
[[nodiscard]] std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace pregao::market
