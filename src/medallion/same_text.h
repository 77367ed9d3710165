#pragma once
/// Equality of short texts, for the hot path.
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pregao::medallion {
namespace internal {

template <class Word>
bool SameEnds(std::string_view a, std::string_view b) {
  Word first[2], last[2];
  std::memcpy(&first[0], a.data(), sizeof(Word));
  std::memcpy(&first[1], b.data(), sizeof(Word));
  std::memcpy(&last[0], a.data() + a.size() - sizeof(Word), sizeof(Word));
  std::memcpy(&last[1], b.data() + b.size() - sizeof(Word), sizeof(Word));
  return first[0] == first[1] && last[0] == last[1];
}

}  // namespace internal

/// a == b. Keys and words are so short that the call of memcmp costs more than comparing them (3 % of the engine's
/// time).
inline bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() > 16 || a.size() < 2) return a == b;
  if (a.size() >= 8) return internal::SameEnds<std::uint64_t>(a, b);
  return a.size() >= 4 ? internal::SameEnds<std::uint32_t>(a, b) : internal::SameEnds<std::uint16_t>(a, b);
}

}  // namespace pregao::medallion
