#include "medallion/plain_parser.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pregao::medallion {
namespace {

static_assert(std::endian::native == std::endian::little, "the first character is to be the lowest byte of a word");

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101, kHighs = 0x8080'8080'8080'8080;

std::uint64_t Load(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// `"key":`, to be compared with 24 bytes of a message at once.
struct KeyToken {
  std::array<std::uint64_t, 3> text{}, mask{};
  std::uint8_t size = 0;

  [[nodiscard]] bool StandsAt(const char* at) const {
    std::uint64_t differs = 0;
    for (std::size_t i = 0; i < text.size(); ++i) differs |= (Load(at + 8 * i) ^ text[i]) & mask[i];
    return differs == 0;
  }
};

constexpr auto kTokens = [] {
  std::array<KeyToken, kKnownKeys> tokens;
  for (std::size_t key = 0; key < kKnownKeys; ++key) {
    KeyToken& token = tokens[key];
    const auto put = [&](char c) {
      const unsigned shift = 8 * (token.size % 8);
      token.text[token.size / 8] |= std::uint64_t{static_cast<unsigned char>(c)} << shift;
      token.mask[token.size / 8] |= std::uint64_t{0xFF} << shift;
      ++token.size;  // a key that is too long would end the compilation here
    };
    put('"');
    for (const char c : internal::KeyName(key)) put(c);
    put('"');
    put(':');
  }
  return tokens;
}();

enum class Shape : std::uint8_t { kNumber, kInteger, kText };

constexpr auto kShapes = [] {
  std::array<Shape, kKnownKeys> shapes{};
  for (std::size_t field = 0; field < market::kFieldCount; ++field) {
    shapes[field] = ((kSorts.numbers >> field) & 1) != 0    ? Shape::kNumber
                    : ((kSorts.integers >> field) & 1) != 0 ? Shape::kInteger
                                                            : Shape::kText;
  }
  shapes[kReceivedAtKey] = Shape::kInteger;
  shapes[kSourceKey] = Shape::kText;
  return shapes;
}();

constexpr std::array<std::uint64_t, 9> kPowers{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
/// Doubles that are exact.
constexpr std::array<double, 19> kScales{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                         1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
constexpr unsigned kMostDigits = 18;  // of which each fits 64 bits

/// How many of the word's characters, from its first on, are digits.
unsigned LeadingDigits(std::uint64_t word) {
  const std::uint64_t x = word ^ (kOnes * '0');
  const std::uint64_t others = ((x + kOnes * 0x76) | x) & kHighs;
  return static_cast<unsigned>(std::countr_zero(others)) / 8;  // 8 when there are none
}

/// What the word's first `count` characters, digits and at least one, spell: by pairs, then fours, then all eight.
std::uint64_t Spelled(std::uint64_t word, unsigned count) {
  std::uint64_t x = (word ^ (kOnes * '0')) << (64 - 8 * count);
  x = (x * (1 + (std::uint64_t{10} << 8))) >> 8 & 0x00FF'00FF'00FF'00FF;
  x = (x * (1 + (std::uint64_t{100} << 16))) >> 16 & 0x0000'FFFF'0000'FFFF;
  return (x * (1 + (std::uint64_t{10'000} << 32))) >> 32;
}

/// An unsigned number without its point. Each function below moves `*at` behind what it took, and returns false where
/// the form is another.
struct Decimal {
  std::uint64_t digits = 0;
  unsigned count = 0;

  bool Take(const char** at) {
    for (;;) {
      const std::uint64_t word = Load(*at);
      const unsigned more = LeadingDigits(word);
      if ((count += more) > kMostDigits) return false;
      if (more > 0) digits = digits * kPowers[more] + Spelled(word, more);
      *at += more;
      if (more < 8) return true;
    }
  }
  /// The part before the point: no zero stands before other digits.
  bool TakeWhole(const char** at) {
    const bool zero = **at == '0';
    return Take(at) && count > 0 && !(zero && count > 1);
  }
};

bool TakeMinus(const char** at) {
  const bool minus = **at == '-';
  *at += minus;
  return minus;
}

bool TakeInteger(const char** at, std::int64_t* out) {
  const bool minus = TakeMinus(at);
  Decimal decimal;
  if (!decimal.TakeWhole(at)) return false;
  const auto magnitude = static_cast<std::int64_t>(decimal.digits);
  *out = minus ? -magnitude : magnitude;
  return true;
}

/// The nearest double: its digits and its power of ten are exact, so that the division rounds once.
bool TakeNumber(const char** at, double* out) {
  const bool minus = TakeMinus(at);
  Decimal decimal;
  if (!decimal.TakeWhole(at)) return false;
  const unsigned whole = decimal.count;
  if (**at == '.') {
    ++*at;
    if (!decimal.Take(at) || decimal.count == whole) return false;
  }
  if (decimal.digits > std::uint64_t{1} << 53) return false;
  const double magnitude = static_cast<double>(decimal.digits) / kScales[decimal.count - whole];
  *out = minus ? -magnitude : magnitude;
  return true;
}

/// High bits at what cannot stand in plain text: quotes, backslashes, control characters, all beyond ASCII. Those above
/// the lowest may be there by a borrow.
std::uint64_t Stops(std::uint64_t word) {
  const auto zeros = [](std::uint64_t x) { return (x - kOnes) & ~x; };
  return (zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | (word - kOnes * 0x20) | word) & kHighs;
}

bool TakeText(const char** at, const char* end, std::string_view* out) {
  if (**at != '"') return false;
  const char* const begin = *at + 1;
  const char* stop = begin;
  std::uint64_t stops = 0;
  for (; (stops = Stops(Load(stop))) == 0; stop += 8) {
    if (stop >= end) return false;
  }
  stop += std::countr_zero(stops) / 8;
  if (*stop != '"') return false;
  *out = {begin, static_cast<std::size_t>(stop - begin)};
  *at = stop + 1;
  return true;
}

}  // namespace

/// Takes a key with its colon. @return kUnknownKey where it is none of the known
inline std::size_t PlainParser::Key(std::size_t previous, const char** at, const char* end) {
  std::size_t key = next_[previous];
  if (!kTokens[key].StandsAt(*at)) {
    const char* const begin = *at + 1;
    if (begin >= end || **at != '"') return kUnknownKey;
    const char* const close = std::find(begin, end, '"');
    key = FindKey({begin, static_cast<std::size_t>(close - begin)});
    if (key == kUnknownKey || !kTokens[key].StandsAt(*at)) return kUnknownKey;
    next_[previous] = static_cast<std::uint8_t>(key);
  }
  *at += kTokens[key].size;
  return key;
}

bool PlainParser::Parse(std::string_view value, SilverRow* row) {
  row->present = 0;
  row->received_at_us.reset();
  row->source.reset();
  const char* at = value.data();
  const char* const end = at + value.size();
  if (value.empty() || *at != '{') return false;
  std::uint64_t seen = 0;
  // What a look takes that was cut off by the end lies behind it: then `at` does too.
  for (std::size_t key = kKnownKeys;;) {
    ++at;
    key = Key(key, &at, end);
    if (key == kUnknownKey || ((seen >> key) & 1) != 0) return false;
    seen |= std::uint64_t{1} << key;
    switch (kShapes[key]) {
      case Shape::kNumber:
        if (!TakeNumber(&at, &row->cells[key].number)) return false;
        break;
      case Shape::kInteger: {
        std::int64_t number = 0;
        if (!TakeInteger(&at, &number)) return false;
        if (key != kReceivedAtKey) {
          row->cells[key].integer = number;
        } else if (number > 0 && number <= kMaxTimestampMs) {
          row->received_at_us = number * 1000;
        } else {
          return false;
        }
        break;
      }
      case Shape::kText: {
        std::string_view text;
        if (!TakeText(&at, end, &text)) return false;
        if (key == kSourceKey) {
          row->source = text;
        } else {
          row->cells[key].text = text;
        }
        break;
      }
    }
    if (at >= end) return false;
    if (*at == '}') {
      row->present = seen & ((std::uint64_t{1} << market::kFieldCount) - 1);
      return at + 1 == end;
    }
    if (*at != ',') return false;
  }
}

}  // namespace pregao::medallion
