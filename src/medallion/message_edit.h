#pragma once
/// Changes to a message before it is sent again.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::medallion {

/// The key under which a message that was sent again names the record that it comes from.
inline constexpr std::string_view kReplayOf = "replay_of";

/// Sets one key of a message.
struct FieldEdit {
  std::string key;
  std::string json;  ///< its new value; empty removes the key
};

/// The message with the edits made: a key that is there is replaced where it stands (once, if it occurred twice),
/// others come behind. What is not edited keeps its bytes, so a number too large for a double stays one. Invalid when
/// `value` is no JSON object that can be walked through.
[[nodiscard]] Result<std::string> EditMessage(std::string_view value, std::span<const FieldEdit> edits);

/// The text of a string under a key of a message; nullopt when there is none.
[[nodiscard]] std::optional<std::string> TextField(std::string_view value, std::string_view key);

/// "price=12.5" as an edit: a text field's value is a string, anything else a number, true, false, null or JSON where
/// it reads as one, and a string where not. "price=" removes the key. Invalid without '='.
[[nodiscard]] Result<FieldEdit> ParseFieldEdit(std::string_view text);

}  // namespace pregao::medallion
