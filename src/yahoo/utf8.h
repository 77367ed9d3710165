#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pregao::yahoo {

/// Whether the bytes are UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool IsUtf8(std::string_view bytes);
/// Appends a code point that is no surrogate and at most U+10FFFF.
void AppendUtf8(std::uint32_t code, std::string* out);

}  // namespace pregao::yahoo
