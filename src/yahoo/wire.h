#pragma once
/// Protobuf's wire format, as much of it as PricingData needs.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::yahoo {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// One field as it stands in the message. Views borrow from it.
struct WireField {
  std::uint32_t number;
  WireType type;
  std::uint64_t bits;      ///< of kVarint, kFixed64, kFixed32
  std::string_view bytes;  ///< of kBytes
  std::string_view raw;    ///< the whole field, its tag included
};

/// Reads the fields of a message in order. Groups, which proto3 does not have, are refused.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : message_(message) {}
  [[nodiscard]] bool done() const { return at_ == message_.size(); }
  /// Invalid, naming the byte: truncated, a varint of more than 64 bits, field number 0, an unknown wire type.
  [[nodiscard]] Result<WireField> Next();

 private:
  [[nodiscard]] Result<std::uint64_t> Varint(std::string_view what);
  [[nodiscard]] Result<std::uint64_t> Fixed(std::size_t size);

  std::string_view message_;
  std::size_t at_ = 0;
};

/// sint64's coding: 0, -1, 1, -2, … as 0, 1, 2, 3, …
[[nodiscard]] constexpr std::int64_t Unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>(n >> 1 ^ (~(n & 1) + 1));
}
[[nodiscard]] constexpr std::uint64_t Zigzag(std::int64_t n) {
  return static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63);
}

void AppendVarint(std::uint64_t value, std::string* out);
void AppendTag(std::uint32_t number, WireType type, std::string* out);
/// The low `size` bytes, least significant first.
void AppendFixed(std::uint64_t bits, std::size_t size, std::string* out);

}  // namespace pregao::yahoo
