#include "cloud/json.h"

#include <charconv>
#include <simdjson.h>

namespace pregao::cloud {

struct Json::State {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

Result<Json> Json::Parse(std::string_view text) {
  auto state = std::make_shared<State>();
  if (const auto error = state->parser.parse(text.data(), text.size()).get(state->root); error) {
    return Status::Invalid("not JSON: ", simdjson::error_message(error));
  }
  return Json(std::move(state));
}

std::optional<std::string> Json::Text(std::string_view pointer) const {
  std::string_view text;
  if (state_->root.at_pointer(pointer).get_string().get(text)) return std::nullopt;
  return std::string(text);
}

std::optional<std::int64_t> Json::Number(std::string_view pointer) const {
  std::int64_t number = 0;
  if (!state_->root.at_pointer(pointer).get_int64().get(number)) return number;
  const auto text = Text(pointer);
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace pregao::cloud
