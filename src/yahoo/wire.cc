#include "yahoo/wire.h"

namespace pregao::yahoo {

Result<std::uint64_t> WireReader::Varint(std::string_view what) {
  std::uint64_t value = 0;
  const std::size_t begin = at_;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (done()) return Status::Invalid("the ", what, " at byte ", begin, " is cut short");
    const auto byte = static_cast<unsigned char>(message_[at_++]);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return Status::Invalid("the ", what, " at byte ", begin, " has more than 64 bits");
}

Result<std::uint64_t> WireReader::Fixed(std::size_t size) {
  if (message_.size() - at_ < size) return Status::Invalid("the number at byte ", at_, " is cut short");
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(message_[at_ + i])) << (8 * i);
  }
  at_ += size;
  return bits;
}

Result<WireField> WireReader::Next() {
  const std::size_t begin = at_;
  TRY_ASSIGN(const std::uint64_t tag, Varint("tag"));
  if (tag >> 32 != 0 || tag >> 3 == 0) {
    return Status::Invalid("the tag at byte ", begin, " names no field (number ", tag >> 3, ")");
  }
  WireField field{static_cast<std::uint32_t>(tag >> 3), WireType::kVarint, 0, {}, {}};
  switch (tag & 7) {
    case 0: {
      TRY_ASSIGN(field.bits, Varint("varint"));
      break;
    }
    case 1: {
      field.type = WireType::kFixed64;
      TRY_ASSIGN(field.bits, Fixed(8));
      break;
    }
    case 2: {
      field.type = WireType::kBytes;
      TRY_ASSIGN(const std::uint64_t size, Varint("length"));
      if (size > message_.size() - at_) {
        return Status::Invalid("field ", field.number, " at byte ", begin, " says ", size, " bytes, ",
                               message_.size() - at_, " are left");
      }
      field.bytes = message_.substr(at_, static_cast<std::size_t>(size));
      at_ += field.bytes.size();
      break;
    }
    case 5: {
      field.type = WireType::kFixed32;
      TRY_ASSIGN(field.bits, Fixed(4));
      break;
    }
    default:
      return Status::Invalid("field ", field.number, " at byte ", begin, " has wire type ", tag & 7,
                             ", which proto3 does not have");
  }
  field.raw = message_.substr(begin, at_ - begin);
  return field;
}

void AppendVarint(std::uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(0x80 | (value & 0x7F)));
  out->push_back(static_cast<char>(value));
}

void AppendTag(std::uint32_t number, WireType type, std::string* out) {
  AppendVarint(static_cast<std::uint64_t>(number) << 3 | static_cast<std::uint64_t>(type), out);
}

void AppendFixed(std::uint64_t bits, std::size_t size, std::string* out) {
  for (std::size_t i = 0; i < size; ++i) out->push_back(static_cast<char>(bits >> (8 * i) & 0xFF));
}

}  // namespace pregao::yahoo
