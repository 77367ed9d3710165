#pragma once
/// Reads single values out of a JSON text.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::cloud {

/// A parsed JSON text. Values are asked for by JSON pointer: "/error/message". Not thread-safe.
class Json {
 public:
  /// Invalid when the text is not JSON; what it says is not in the message, for it may be secret.
  [[nodiscard]] static Result<Json> Parse(std::string_view text);
  /// nullopt when it is absent or no string.
  [[nodiscard]] std::optional<std::string> Text(std::string_view pointer) const;
  /// A number, or a string of digits as Google writes int64; nullopt when it is neither.
  [[nodiscard]] std::optional<std::int64_t> Number(std::string_view pointer) const;

 private:
  struct State;
  explicit Json(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace pregao::cloud
