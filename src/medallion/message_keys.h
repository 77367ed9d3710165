#pragma once
/// From a message's key to what it means: a small table built at compile time.
#include <array>
#include <cstdint>
#include <string_view>

#include "market/quote.h"
#include "medallion/same_text.h"

namespace pregao::medallion {

/// Keys of a message: market::kFields by index, then these two. kUnknownKey for any other.
inline constexpr std::size_t kReceivedAtKey = market::kFieldCount;
inline constexpr std::size_t kSourceKey = market::kFieldCount + 1;
inline constexpr std::size_t kKnownKeys = market::kFieldCount + 2;
inline constexpr std::size_t kUnknownKey = kKnownKeys;

namespace internal {

constexpr std::string_view KeyName(std::size_t i) {
  if (i == kReceivedAtKey) return "received_at";
  if (i == kSourceKey) return "source";
  return market::kFields[i].key;
}
constexpr std::size_t Slot(std::string_view key) {
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(key[i])); };
  return (key.size() * 7 + at(0) * 31 + at(key.size() - 1) * 13 + at(key.size() / 2) * 5) & 127;
}
constexpr auto MakeKeyTable() {
  std::array<std::uint8_t, 128> table{};
  for (auto& slot : table) slot = static_cast<std::uint8_t>(kUnknownKey);
  for (std::size_t i = 0; i < kKnownKeys; ++i) {
    std::size_t slot = Slot(KeyName(i));
    while (table[slot] != kUnknownKey) slot = (slot + 1) & 127;
    table[slot] = static_cast<std::uint8_t>(i);
  }
  return table;
}
inline constexpr auto kKeyTable = MakeKeyTable();
inline constexpr auto kKeyNames = [] {
  std::array<std::string_view, kKnownKeys> names;
  for (std::size_t i = 0; i < kKnownKeys; ++i) names[i] = KeyName(i);
  return names;
}();

}  // namespace internal

[[nodiscard]] inline std::size_t FindKey(std::string_view key) {
  if (key.empty()) return kUnknownKey;
  for (std::size_t slot = internal::Slot(key); internal::kKeyTable[slot] != kUnknownKey; slot = (slot + 1) & 127) {
    const std::size_t found = internal::kKeyTable[slot];
    if (SameText(internal::kKeyNames[found], key)) return found;
  }
  return kUnknownKey;
}

}  // namespace pregao::medallion
