// Yahoo's frames: the decoder against a plain one that is written for nothing but to be obvious.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "market/quote.h"
#include "yahoo/frame.h"
#include "yahoo/json_scan.h"
#include "yahoo/utf8.h"

namespace {

using pregao::market::FieldKind;
using pregao::market::Quote;

void Require(bool condition) {
  if (!condition) std::abort();
}

/// One field of the plain decoder's view: which wire type, and its number or text.
struct PlainField {
  int type;
  unsigned __int128 number;
  std::string text;
};
struct PlainMessage {
  std::map<std::uint64_t, std::vector<PlainField>> fields;
  std::string unknown;
};

/// The bytes of a varint at `at`, as an unbounded number; nullopt where it does not end within ten bytes.
std::optional<unsigned __int128> PlainVarint(const std::string& bytes, std::size_t* at) {
  unsigned __int128 number = 0;
  for (int i = 0; i < 10 && *at < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[(*at)++]);
    number += static_cast<unsigned __int128>(byte % 128) << (7 * i);
    if (byte < 128) return number;
  }
  return std::nullopt;
}

std::optional<PlainMessage> PlainDecode(const std::string& bytes) {
  constexpr auto kTwo64 = static_cast<unsigned __int128>(1) << 64;
  PlainMessage message;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t begin = at;
    const auto tag = PlainVarint(bytes, &at);
    if (!tag.has_value() || *tag >= (static_cast<unsigned __int128>(1) << 32) || *tag < 8) return std::nullopt;
    PlainField field{static_cast<int>(*tag % 8), 0, ""};
    const auto fixed = [&](std::size_t size) {
      if (bytes.size() - at < size) return false;
      for (std::size_t i = size; i > 0; --i)
        field.number = field.number * 256 + static_cast<unsigned char>(bytes[at + i - 1]);
      at += size;
      return true;
    };
    if (field.type == 0 || field.type == 2) {
      const auto number = PlainVarint(bytes, &at);
      if (!number.has_value() || *number >= kTwo64) return std::nullopt;
      field.number = *number;
      if (field.type == 2) {
        if (*number > bytes.size() - at) return std::nullopt;
        field.text = bytes.substr(at, static_cast<std::size_t>(*number));
        at += field.text.size();
      }
    } else if (field.type == 1 ? !fixed(8) : field.type != 5 || !fixed(4)) {
      return std::nullopt;
    }
    const auto number = static_cast<std::uint64_t>(*tag / 8);
    if (number > pregao::market::kFieldCount) message.unknown += bytes.substr(begin, at - begin);
    message.fields[number].push_back(std::move(field));
  }
  return message;
}

bool Finite(float f) { return f - f == 0; }
bool Finite(double d) { return d - d == 0; }

/// Whether `value` is what this field means; nullopt where the field must not stand.
std::optional<bool> Means(FieldKind kind, const PlainField& field, const Quote::Value& value) {
  const auto bits = static_cast<std::uint64_t>(field.number);
  switch (kind) {
    case FieldKind::kString:
      if (field.type != 2 || !pregao::yahoo::IsUtf8(field.text)) return std::nullopt;
      return value == Quote::Value(field.text);
    case FieldKind::kFloat: {
      const auto wire = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      if (field.type != 5 || !Finite(wire)) return std::nullopt;
      return std::holds_alternative<double>(value) && static_cast<float>(std::get<double>(value)) == wire;
    }
    case FieldKind::kDouble:
      if (field.type != 1 || !Finite(std::bit_cast<double>(bits))) return std::nullopt;
      return value == Quote::Value(std::bit_cast<double>(bits));
    case FieldKind::kInt: {
      if (field.type != 0) return std::nullopt;
      const auto half = static_cast<std::int64_t>(bits / 2);
      return value == Quote::Value(bits % 2 == 0 ? half : -1 - half);
    }
    case FieldKind::kQuoteType:
    case FieldKind::kMarketHours: {
      if (field.type != 0) return std::nullopt;
      const auto* name = std::get_if<std::string>(&value);
      if (name == nullptr) return false;
      const auto number = kind == FieldKind::kQuoteType ? pregao::market::QuoteTypeValue(*name)
                                                        : pregao::market::MarketHoursValue(*name);
      return number == static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
    }
  }
  return std::nullopt;
}

/// Whether nothing was sent and the quote says so: absent, or the zero that proto3 leaves out.
bool IsDefault(pregao::market::Field field, const Quote::Value& value) {
  switch (field) {
    case pregao::market::kMarketHours:
      return value == Quote::Value("PRE_MARKET");
    case pregao::market::kChange:
    case pregao::market::kChangePercent:
      return value == Quote::Value(0.0);
    default:
      return value == Quote::Value();
  }
}

void CheckBytes(const std::string& bytes) {
  const auto ours = pregao::yahoo::DecodePricingData(bytes);
  const auto plain = PlainDecode(bytes);
  bool well_formed = plain.has_value();
  for (const auto& spec : pregao::market::kFields) {
    if (!well_formed) break;
    const auto sent = plain->fields.find(spec.tag);
    const Quote::Value value = ours.ok() ? (*ours)[spec.field] : Quote::Value();
    if (sent == plain->fields.end()) {
      Require(!ours.ok() || IsDefault(spec.field, value));
      continue;
    }
    for (const PlainField& field : sent->second)
      well_formed = well_formed && Means(spec.kind, field, value).has_value();
    if (well_formed && ours.ok()) Require(*Means(spec.kind, sent->second.back(), value));
  }
  Require(ours.ok() == well_formed);
  if (ours.ok()) Require(ours->unknown_fields == plain->unknown);
}

void CheckQuote(const Quote& quote) {
  const std::string json = pregao::market::ToJson(quote);
  pregao::yahoo::JsonScanner scan(json);
  Require(scan.Skip().ok() && scan.End().ok());
  // Encoding leaves zeros out; what it writes must read back as it is.
  const auto again = pregao::yahoo::DecodePricingData(pregao::yahoo::EncodePricingData(quote));
  Require(again.ok());
  Require(*again == pregao::yahoo::DecodePricingData(pregao::yahoo::EncodePricingData(*again)).ValueOrDie());
  Require(again->unknown_fields == quote.unknown_fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  CheckBytes(input);
  if (const auto quote = pregao::yahoo::DecodePricingData(input); quote.ok()) CheckQuote(*quote);
  if (const auto frame = pregao::yahoo::DecodeFrame(input); frame.ok()) {
    if (const auto* quote = std::get_if<Quote>(&*frame)) CheckQuote(*quote);
  }
  return 0;
}
