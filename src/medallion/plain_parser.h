#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "medallion/judge.h"
#include "medallion/message_keys.h"

namespace pregao::medallion {

/// The short way through a message of the plain form, which is what pregao's own writers write: one JSON object of
/// known keys, each once, without white space; text of ASCII without escapes; numbers of at most 18 digits, without
/// exponent. It expects the keys of a message in the order of the last one. Not thread-safe.
class PlainParser {
 public:
  /// @return true with `*row` filled as Judge's grammar says (event_time in milliseconds still); false where the value
  ///         has another form, or no good one: then `*row` is spoilt and nothing is known of the value.
  /// 64 bytes behind `value` must be readable; `*row` borrows from it.
  [[nodiscard]] bool Parse(std::string_view value, SilverRow* row);

 private:
  [[nodiscard]] std::size_t Key(std::size_t previous, const char** at, const char* end);

  std::array<std::uint8_t, kKnownKeys + 1> next_{};  // which key last came behind each; the last: which came first
};

}  // namespace pregao::medallion
