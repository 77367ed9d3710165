#include "yahoo/frame.h"

#include <bit>
#include <cmath>

#include "base/json_writer.h"
#include "market/base64.h"
#include "yahoo/json_scan.h"
#include "yahoo/utf8.h"
#include "yahoo/wire.h"

namespace pregao::yahoo {
namespace {

using market::FieldKind;
using market::FieldSpec;
using market::Quote;

/// kFields by protobuf number, which run from 1 to kFieldCount without a hole.
constexpr auto kByTag = [] {
  std::array<const FieldSpec*, market::kFieldCount + 1> table{};
  for (const FieldSpec& spec : market::kFields) table[spec.tag] = &spec;
  return table;
}();
static_assert([] {
  for (std::size_t tag = 1; tag < kByTag.size(); ++tag) {
    if (kByTag[tag]->tag != tag) return false;  // a hole would not compile
  }
  return true;
}());

constexpr WireType WireTypeOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kString:
      return WireType::kBytes;
    case FieldKind::kFloat:
      return WireType::kFixed32;
    case FieldKind::kDouble:
      return WireType::kFixed64;
    case FieldKind::kInt:
    case FieldKind::kQuoteType:
    case FieldKind::kMarketHours:
      return WireType::kVarint;
  }
  return WireType::kVarint;
}

Result<Quote::Value> Finite(const FieldSpec& spec, double value) {
  if (!std::isfinite(value)) return Status::Invalid(spec.key, " is not a finite number");
  return Quote::Value(value);
}

Result<Quote::Value> ValueOf(const FieldSpec& spec, const WireField& field) {
  if (field.type != WireTypeOf(spec.kind)) {
    return Status::Invalid(spec.key, " (field ", field.number, ") has wire type ", static_cast<int>(field.type),
                           " in place of ", static_cast<int>(WireTypeOf(spec.kind)));
  }
  switch (spec.kind) {
    case FieldKind::kString:
      if (!IsUtf8(field.bytes)) return Status::Invalid(spec.key, " is not UTF-8");
      return Quote::Value(std::string(field.bytes));
    case FieldKind::kFloat:
      return Finite(spec, market::ShortestDouble(std::bit_cast<float>(static_cast<std::uint32_t>(field.bits))));
    case FieldKind::kDouble:
      return Finite(spec, std::bit_cast<double>(field.bits));
    case FieldKind::kInt:
      return Quote::Value(Unzigzag(field.bits));
    case FieldKind::kQuoteType:
      return Quote::Value(market::QuoteTypeName(static_cast<std::int32_t>(field.bits)));
    case FieldKind::kMarketHours:
      return Quote::Value(market::MarketHoursName(static_cast<std::int32_t>(field.bits)));
  }
  return Status::Invalid("field ", field.number, " is of no kind");
}

struct OpenedEnvelope {
  std::string type, message;
};

Result<OpenedEnvelope> OpenEnvelope(std::string_view text) {
  std::optional<std::string> type, message;
  JsonScanner scan(text);
  TRY(scan.Expect('{'));
  if (!scan.Take('}')) {
    do {
      TRY_ASSIGN(const std::string key, scan.String());
      TRY(scan.Expect(':'));
      auto* wanted = key == "type" ? &type : key == "message" && scan.AtString() ? &message : nullptr;
      if (wanted == nullptr) {
        TRY(scan.Skip());
        continue;
      }
      if (wanted->has_value()) return Status::Invalid("the envelope has \"", key, "\" twice");
      TRY_ASSIGN(*wanted, scan.String());
    } while (scan.Take(','));
    TRY(scan.Expect('}'));
  }
  TRY(scan.End());
  if (!type.has_value()) return Status::Invalid("the envelope has no \"type\"");
  if (*type == "pricing" && !message.has_value()) return Status::Invalid("the envelope has no \"message\" of text");
  return OpenedEnvelope{*std::move(type), std::move(message).value_or("")};
}

Result<Quote> DecodeBase64Quote(std::string_view text) {
  const auto bytes = market::DecodeBase64(text);
  if (!bytes.has_value()) return Status::Invalid("not base64");
  return DecodePricingData(*bytes);
}

void AppendField(const FieldSpec& spec, const Quote::Value& value, std::string* out) {
  const auto varint = [&](std::uint64_t bits) {
    if (bits == 0) return;
    AppendTag(spec.tag, WireType::kVarint, out);
    AppendVarint(bits, out);
  };
  const auto fixed = [&](std::uint64_t bits, std::size_t size) {
    if (bits == 0) return;
    AppendTag(spec.tag, WireTypeOf(spec.kind), out);
    AppendFixed(bits, size, out);
  };
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    varint(Zigzag(*number));
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (spec.kind == FieldKind::kFloat) {
      fixed(std::bit_cast<std::uint32_t>(static_cast<float>(*real)), 4);
    } else {
      fixed(std::bit_cast<std::uint64_t>(*real), 8);
    }
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (spec.kind == FieldKind::kString) {
      if (text->empty()) return;
      AppendTag(spec.tag, WireType::kBytes, out);
      AppendVarint(text->size(), out);
      *out += *text;
    } else {
      const auto listed =
          spec.kind == FieldKind::kQuoteType ? market::QuoteTypeValue(*text) : market::MarketHoursValue(*text);
      varint(static_cast<std::uint64_t>(static_cast<std::int64_t>(listed.value_or(0))));
    }
  }
}

}  // namespace

Result<Quote> DecodePricingData(std::string_view bytes) {
  Quote quote;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(const WireField field, reader.Next());
    if (field.number >= kByTag.size()) {
      quote.unknown_fields += field.raw;
    } else {
      const FieldSpec& spec = *kByTag[field.number];
      TRY_ASSIGN(quote[spec.field], ValueOf(spec, field));  // a field sent twice: the last one wins
    }
  }
  // proto3 does not send zeros, and for these three zero is a meaning (docs/yahoo.md).
  const auto restore = [&](market::Field field, Quote::Value zero) {
    if (std::holds_alternative<std::monostate>(quote[field])) quote[field] = std::move(zero);
  };
  restore(market::kMarketHours, market::MarketHoursName(0));
  restore(market::kChange, 0.0);
  restore(market::kChangePercent, 0.0);
  return quote;
}

Result<Frame> DecodeFrame(std::string_view message) {
  if (message.size() > kMaxFrameBytes) {
    return Status::Invalid("the frame has ", message.size(), " bytes, at most ", kMaxFrameBytes, " are taken");
  }
  if (message.empty()) return Status::Invalid("the frame is empty");
  if (message.find_first_not_of(" \t\r\n") == message.find('{')) {
    TRY_ASSIGN(OpenedEnvelope envelope, OpenEnvelope(message));
    if (envelope.type != "pricing") return OtherMessage{std::move(envelope.type)};
    TRY_ASSIGN(Quote quote, DecodeBase64Quote(envelope.message));
    return quote;
  }
  TRY_ASSIGN(Quote quote, DecodeBase64Quote(message));
  return quote;
}

std::string EncodePricingData(const Quote& quote) {
  std::string out;
  for (std::size_t tag = 1; tag < kByTag.size(); ++tag) AppendField(*kByTag[tag], quote[kByTag[tag]->field], &out);
  return out + quote.unknown_fields;
}

std::string EncodeFrame(const Quote& quote, Envelope envelope) {
  const std::string base64 = market::EncodeBase64(EncodePricingData(quote));
  switch (envelope) {
    case Envelope::kBare:
      return base64;
    case Envelope::kJson:
      return R"({"type":"pricing","message":")" + base64 + "\"}";
  }
  return base64;
}

}  // namespace pregao::yahoo
