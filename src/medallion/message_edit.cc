#include "medallion/message_edit.h"

#include <algorithm>
#include <simdjson.h>
#include <vector>

#include "base/json_writer.h"
#include "market/quote.h"
#include "medallion/message_keys.h"

namespace pregao::medallion {
namespace {

namespace ondemand = simdjson::ondemand;

/// A key and its value as they stand in the message; the key without quotes.
struct Member {
  std::string key, json;
};

simdjson::error_code Walk(const simdjson::padded_string& text, std::vector<Member>* members) {
  ondemand::parser parser;
  ondemand::document document;
  if (auto error = parser.iterate(text).get(document)) return error;
  ondemand::object object;
  if (auto error = document.get_object().get(object)) return error;
  for (auto item : object) {
    ondemand::field field;
    if (auto error = std::move(item).get(field)) return error;
    Member member{std::string(field.escaped_key()), {}};
    std::string_view raw;
    if (auto error = field.value().raw_json().get(raw)) return error;
    const auto end = raw.find_last_not_of(" \t\r\n");
    member.json = raw.substr(0, end == std::string_view::npos ? 0 : end + 1);
    members->push_back(std::move(member));
  }
  return document.at_end() ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

Result<std::vector<Member>> Members(std::string_view value) {
  std::vector<Member> members;
  const simdjson::padded_string text(value);
  if (const auto error = Walk(text, &members)) {
    return Status::Invalid("is no JSON object that could be changed: ", simdjson::error_message(error));
  }
  return members;
}

bool IsJson(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const simdjson::padded_string padded(text);
  return parser.parse(padded).get(element) == simdjson::SUCCESS;
}

}  // namespace

Result<std::string> EditMessage(std::string_view value, std::span<const FieldEdit> edits) {
  TRY_ASSIGN(std::vector<Member> members, Members(value));
  for (const FieldEdit& edit : edits) {
    const auto same = [&](const Member& member) { return member.key == edit.key; };
    const auto first = std::find_if(members.begin(), members.end(), same);
    if (first == members.end()) {
      if (!edit.json.empty()) members.push_back({edit.key, edit.json});
      continue;
    }
    members.erase(std::remove_if(first + 1, members.end(), same), members.end());
    if (edit.json.empty()) {
      members.erase(first);
    } else {
      first->json = edit.json;
    }
  }
  std::string out = "{";
  for (const Member& member : members) {
    out += (out.size() > 1 ? ",\"" : "\"") + member.key + "\":" + member.json;
  }
  return out + "}";
}

std::optional<std::string> TextField(std::string_view value, std::string_view key) {
  if (value.find(key) == std::string_view::npos) return std::nullopt;  // most messages
  ondemand::parser parser;
  ondemand::document document;
  const simdjson::padded_string text(value);
  std::string_view found;
  if (parser.iterate(text).get(document) || document[key].get_string().get(found)) return std::nullopt;
  return std::string(found);
}

Result<FieldEdit> ParseFieldEdit(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Status::Invalid("'", text, "' is not KEY=VALUE, such as price=12.5 (KEY= removes the key)");
  }
  FieldEdit edit{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  for (const char c : edit.key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
      return Status::Invalid("'", text, "': a key has no quotes, backslashes or control characters");
    }
  }
  if (edit.json.empty()) return edit;
  const std::size_t known = FindKey(edit.key);
  const bool is_text =
      known == kSourceKey || (known < market::kFieldCount && market::kFields[known].kind == market::FieldKind::kString);
  const bool quoted = edit.json.starts_with('"');
  if ((is_text && !quoted) || !IsJson(edit.json)) {
    std::string json;
    AppendJsonString(edit.json, &json);
    edit.json = std::move(json);
  }
  return edit;
}

}  // namespace pregao::medallion
