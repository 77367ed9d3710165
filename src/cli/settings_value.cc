#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

#include "base/text.h"
#include "cli/settings.h"
#include "market/currency.h"

namespace pregao::cli {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

// A TOML basic string.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Names SplitCommas(const std::string& text) {
  Names names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    names.push_back(name);
  }
  return names;
}

std::string Bounds(const SettingKey& key, std::string (*print)(std::int64_t)) {
  if (key.min == 0 && key.max == 0) return "";
  return fmt::format(", {} to {}", print(key.min), print(key.max));
}

std::string PrintNumber(std::int64_t n) { return std::to_string(n); }
std::string PrintDuration(std::int64_t n) { return FormatDuration(Duration(n)); }

Status Wrong(const SettingKey& key, const std::string& text) {
  std::string hint;
  if (const auto near = NearestName(text, key.allowed)) hint = fmt::format(" (did you mean \"{}\"?)", *near);
  return Status::Invalid(key.name, " = ", Quoted(text), ": expected ", Expectation(key), hint);
}

Status InRange(const SettingKey& key, std::int64_t number, const std::string& text) {
  const bool bounded = key.min != 0 || key.max != 0;
  return bounded && (number < key.min || number > key.max) ? Wrong(key, text) : Status::OK();
}

Status SetNumber(const SettingKey& key, const std::string& text, std::int64_t* out) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return Wrong(key, text);
  TRY(InRange(key, number, text));
  *out = number;
  return Status::OK();
}

Status SetDuration(const SettingKey& key, const std::string& text, Duration* out) {
  const auto parsed = ParseDuration(text);
  if (!parsed.ok()) return Wrong(key, text);
  TRY(InRange(key, parsed->count(), text));
  *out = *parsed;
  return Status::OK();
}

Status SetBytes(const SettingKey& key, const std::string& text, Bytes* out) {
  const auto parsed = ParseSize(text);
  if (!parsed.ok()) return Wrong(key, text);
  TRY(InRange(key, *parsed, text));
  *out = Bytes{*parsed};
  return Status::OK();
}

}  // namespace

std::string EnvironmentName(const std::string& key) {
  std::string name = "PREGAO_" + key;
  for (char& c : name) {
    if (c == '.' || c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return name;
}

std::string ValueText(const SettingKey& key, const Settings& s) {
  return std::visit(
      Overload{
          [&](std::string Settings::*m) { return Quoted(s.*m); },
          [&](std::int64_t Settings::*m) { return std::to_string(s.*m); },
          [&](bool Settings::*m) { return std::string(s.*m ? "true" : "false"); },
          [&](Duration Settings::*m) { return Quoted(FormatDuration(s.*m)); },
          [&](Bytes Settings::*m) { return Quoted(FormatSize((s.*m).value)); },
          [&](std::optional<Duration> Settings::*m) { return Quoted(s.*m ? FormatDuration(*(s.*m)) : ""); },
          [&](std::optional<Bytes> Settings::*m) { return Quoted(s.*m ? FormatSize((s.*m)->value) : ""); },
          [&](Names Settings::*m) {
            Names quoted;
            for (const std::string& name : s.*m) quoted.push_back(Quoted(name));
            return fmt::format("[{}]", fmt::join(quoted, ", "));
          },
      },
      key.member);
}

std::string Expectation(const SettingKey& key) {
  const std::string duration = R"(a duration such as "500ms", "1s" or "2h")" + Bounds(key, PrintDuration);
  const std::string size = R"(a size such as "64MiB")" + Bounds(key, FormatSize);
  return std::visit(Overload{
                        [&](std::string Settings::*) {
                          if (key.currency) return std::string(R"(a currency such as "BRL" or "USD", or "")");
                          return key.allowed.empty() ? std::string(key.may_be_empty ? R"(text, or "")" : "text")
                                                     : fmt::format("one of {}", fmt::join(key.allowed, ", "));
                        },
                        [&](std::int64_t Settings::*) { return "a whole number" + Bounds(key, PrintNumber); },
                        [&](bool Settings::*) { return std::string("true or false"); },
                        [&](Duration Settings::*) { return duration; },
                        [&](Bytes Settings::*) { return size; },
                        [&](std::optional<Duration> Settings::*) { return duration + R"(, or "")"; },
                        [&](std::optional<Bytes> Settings::*) { return size + R"(, or "")"; },
                        [&](Names Settings::*) {
                          Names lists;
                          for (const std::string& list : key.allowed) {
                            Names quoted;
                            for (const std::string& name : SplitCommas(list)) quoted.push_back(Quoted(name));
                            lists.push_back(fmt::format("[{}]", fmt::join(quoted, ", ")));
                          }
                          return fmt::format("one of {}", fmt::join(lists, ", "));
                        },
                    },
                    key.member);
}

Status SetFromText(const SettingKey& key, const std::string& text, Settings* s) {
  return std::visit(
      Overload{
          [&](std::string Settings::*m) {
            const bool known = std::count(key.allowed.begin(), key.allowed.end(), text) > 0;
            if ((text.empty() && !key.may_be_empty) || (!key.allowed.empty() && !known)) return Wrong(key, text);
            if (key.currency && !text.empty() && !market::IsCurrencyCode(text)) return Wrong(key, text);
            s->*m = text;
            return Status::OK();
          },
          [&](std::int64_t Settings::*m) { return SetNumber(key, text, &(s->*m)); },
          [&](bool Settings::*m) {
            if (text != "true" && text != "false") return Wrong(key, text);
            s->*m = text == "true";
            return Status::OK();
          },
          [&](Duration Settings::*m) { return SetDuration(key, text, &(s->*m)); },
          [&](Bytes Settings::*m) { return SetBytes(key, text, &(s->*m)); },
          [&](std::optional<Duration> Settings::*m) {
            if (text.empty()) return (s->*m).reset(), Status::OK();
            return SetDuration(key, text, &(s->*m).emplace());
          },
          [&](std::optional<Bytes> Settings::*m) {
            if (text.empty()) return (s->*m).reset(), Status::OK();
            return SetBytes(key, text, &(s->*m).emplace());
          },
          [&](Names Settings::*m) {
            const Names names = SplitCommas(text);
            if (std::count(key.allowed.begin(), key.allowed.end(), fmt::format("{}", fmt::join(names, ","))) == 0) {
              return Wrong(key, text);
            }
            s->*m = names;
            return Status::OK();
          },
      },
      key.member);
}

std::string SampleFile() {
  std::string out =
      "# pregao's settings, each with its default. Copy this file to pregao.toml and uncomment what you change.\n"
      "# A flag of the same name (--engine.commit-interval 5s) wins over a variable "
      "(PREGAO_ENGINE_COMMIT_INTERVAL=5s,\n"
      "# also in .env), which wins over this file. `pregao doctor` shows every value and where it came from.\n";
  const Settings defaults;
  std::string table;
  for (const SettingKey& key : SettingKeys()) {
    const auto dot = key.name.find('.');
    const std::string of = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (of != table) out += fmt::format("\n[{}]\n", table = of);
    out += fmt::format("\n# {}.\n# Takes {}.\n# {} = {}\n", key.help, Expectation(key),
                       dot == std::string::npos ? key.name : key.name.substr(dot + 1), ValueText(key, defaults));
  }
  return out +
         "\n# Any property of librdkafka as it is, such as security.protocol; docs/kafka.md tells more. A variable\n"
         "# gives one too: PREGAO_KAFKA_SASL_PASSWORD is sasl.password.\n[kafka]\n";
}

}  // namespace pregao::cli
