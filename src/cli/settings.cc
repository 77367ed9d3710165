#include "cli/settings.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <toml++/toml.h>

#include "base/text.h"

namespace pregao::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
/// PREGAO_KAFKA_SASL_PASSWORD is sasl.password of [kafka], so that no file need hold it.
constexpr std::string_view kKafkaPrefix = "PREGAO_KAFKA_";

const SettingKey* Find(const std::string& name) {
  for (const SettingKey& key : SettingKeys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string DidYouMean(const std::string& name) {
  std::vector<std::string> names{"kafka"};  // tables are named too: [engin]
  for (const SettingKey& key : SettingKeys()) {
    names.push_back(key.name);
    if (const auto dot = key.name.find('.'); dot != std::string::npos) names.push_back(key.name.substr(0, dot));
  }
  if (const auto near = NearestName(name, names)) return fmt::format("did you mean '{}'?", *near);
  return "`pregao doctor --print-config` lists the keys";
}

Status At(const std::string& place, const Status& status) {
  return status.ok() ? status : status.WithMessage(place, ": ", status.message());
}

Result<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.eof() && in.fail())) return Status::IOError(path, " cannot be read; check its permissions");
  if (in.gcount() > static_cast<std::streamsize>(kMaxFileBytes)) return Status::Invalid(path, " is larger than 1 MiB");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The node's text when its TOML type is the one that the key wants; nullopt otherwise.
std::optional<std::string> TextOf(const SettingKey& key, const toml::node& node) {
  const bool number = std::holds_alternative<std::int64_t Settings::*>(key.member);
  const bool size = std::holds_alternative<std::optional<Bytes> Settings::*>(key.member) ||
                    std::holds_alternative<Bytes Settings::*>(key.member);
  if (const auto* i = node.as_integer(); i != nullptr && (number || size)) return std::to_string(i->get());
  if (std::holds_alternative<bool Settings::*>(key.member)) {
    if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
    return std::nullopt;
  }
  if (std::holds_alternative<Names Settings::*>(key.member)) {
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::string joined;
    for (const toml::node& item : *array) {
      const auto* s = item.as_string();
      if (s == nullptr) return std::nullopt;
      joined += (joined.empty() ? "" : ",") + s->get();
    }
    return joined;
  }
  const auto* s = node.as_string();
  return s != nullptr && !number ? std::optional(s->get()) : std::nullopt;
}

std::string NodeText(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& n) { out << n; });
  return out.str();
}

class FileLoader {
 public:
  FileLoader(std::string file, Settings* settings) : file_(std::move(file)), settings_(settings) {}

  Status Load(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      if (key == "kafka" && node.is_table()) {
        TRY(LoadKafka(*node.as_table(), ""));
      } else if (Find(key) != nullptr) {
        TRY(Set(*Find(key), node));
      } else if (node.is_table() && IsPrefix(key + ".")) {
        TRY(Load(*node.as_table(), key + "."));
      } else {
        return Status::Invalid(Place(node), ": unknown key '", key, "'; ", DidYouMean(key));
      }
    }
    return Status::OK();
  }

 private:
  std::string Place(const toml::node& node) const { return fmt::format("{}:{}", file_, node.source().begin.line); }

  static bool IsPrefix(const std::string& prefix) {
    return std::any_of(SettingKeys().begin(), SettingKeys().end(),
                       [&](const SettingKey& key) { return key.name.starts_with(prefix); });
  }

  Status Set(const SettingKey& key, const toml::node& node) {
    const auto text = TextOf(key, node);
    if (!text) {
      return Status::Invalid(Place(node), ": ", key.name, " = ", NodeText(node), ": expected ", Expectation(key));
    }
    TRY(At(Place(node), SetFromText(key, *text, settings_)));
    settings_->origins[key.name] = Place(node);
    return Status::OK();
  }

  Status LoadKafka(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());  // group.id unquoted is a table in a table
      if (const auto* nested = node.as_table()) {
        TRY(LoadKafka(*nested, key + "."));
      } else if (const auto* s = node.as_string()) {
        settings_->kafka[key] = s->get();
      } else if (node.is_array()) {
        return Status::Invalid(Place(node), ": kafka.", key, " is a list; librdkafka takes text, numbers and booleans");
      } else {
        settings_->kafka[key] = NodeText(node);
      }
      if (!node.is_table()) settings_->origins["kafka." + key] = Place(node);
    }
    return Status::OK();
  }

  const std::string file_;
  Settings* const settings_;
};

Status LoadFile(const SettingSources& sources, Settings* settings) {
  std::error_code error;
  if (!std::filesystem::exists(sources.file, error) && !error) {
    if (!sources.file_required) return Status::OK();
    return Status::Invalid(sources.file, ": there is no such file; `pregao doctor --print-config` writes a sample");
  }
  if (std::filesystem::is_directory(sources.file, error)) return Status::Invalid(sources.file, " is a folder");
  TRY_ASSIGN(const std::string text, ReadSmallFile(sources.file));
  try {
    return FileLoader(sources.file, settings).Load(toml::parse(text), "");
  } catch (const toml::parse_error& e) {
    return Status::Invalid(sources.file, ":", e.source().begin.line, ": not TOML: ", e.description());
  }
}

struct Variable {
  std::string name, value, place;
};

constexpr const char* kBlanks = " \t\r";

std::string Trimmed(std::string text) {
  const auto last = text.find_last_not_of(kBlanks);
  text.erase(last == std::string::npos ? 0 : last + 1);
  text.erase(0, text.find_first_not_of(kBlanks));
  return text;
}

/// What stands behind NAME=, as other readers of such files have it: quotes are taken off, and what begins with a # is
/// a comment, outside quotes where there is a blank before it.
Result<std::string> EnvValue(const std::string& raw) {
  const std::string text = Trimmed(raw);
  if (const char quote = text.empty() ? ' ' : text.front(); quote == '"' || quote == '\'') {
    const auto end = text.find(quote, 1);
    if (end == std::string::npos) return Status::Invalid("the quote ", std::string(1, quote), " is not closed");
    const std::string rest = Trimmed(text.substr(end + 1));
    if (rest.empty() || rest.front() == '#') return text.substr(1, end - 1);
    return Status::Invalid("'", Printable(rest), "' stands behind the closing quote");
  }
  for (auto at = raw.find('#'); at != std::string::npos; at = raw.find('#', at + 1)) {
    if (at > 0 && std::string_view(kBlanks).find(raw[at - 1]) != std::string_view::npos) {
      return Trimmed(raw.substr(0, at));
    }
  }
  return text;
}

Result<std::vector<Variable>> ReadEnvFile(const std::string& path) {
  std::vector<Variable> variables;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return variables;
  TRY_ASSIGN(const std::string text, ReadSmallFile(path));
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    std::string entry = Trimmed(line);
    if (entry.empty() || entry.front() == '#') continue;
    if (entry.starts_with("export ")) entry.erase(0, 7);
    const auto equals = entry.find('=');
    const std::string place = fmt::format("{}:{}", path, number);
    if (equals == std::string::npos || equals == 0) {
      return Status::Invalid(place, ": '", Printable(entry), "' is not NAME=value; begin a comment with #");
    }
    const std::string name = Trimmed(entry.substr(0, equals));
    const auto value = EnvValue(entry.substr(equals + 1));
    if (!value.ok()) return Status::Invalid(place, ": ", Printable(name), ": ", value.status().message());
    variables.push_back({name, *value, place});
  }
  return variables;
}

Status ApplyVariable(const Variable& variable, LoadedSettings* out) {
  Settings& s = out->settings;
  for (const auto& [name, member] :
       {std::pair("PROJECT_ID", &Settings::project_id), std::pair("BUCKET_NAME", &Settings::bucket_name),
        std::pair("GOOGLE_APPLICATION_CREDENTIALS", &Settings::google_application_credentials),
        std::pair("STORAGE_EMULATOR_HOST", &Settings::storage_emulator_host),
        std::pair("BIGQUERY_EMULATOR_HOST", &Settings::bigquery_emulator_host),
        std::pair("GCE_METADATA_HOST", &Settings::gce_metadata_host),
        std::pair("CLOUDSDK_CONFIG", &Settings::cloudsdk_config), std::pair("HOME", &Settings::home)}) {
    if (variable.name != name) continue;
    s.*member = variable.value;
    s.origins[name] = variable.place;
  }
  if (!variable.name.starts_with("PREGAO_")) return Status::OK();
  std::vector<std::string> names;
  for (const SettingKey& key : SettingKeys()) {
    names.push_back(EnvironmentName(key.name));
    if (names.back() != variable.name) continue;
    TRY(At(variable.place, SetFromText(key, variable.value, &s)));
    s.origins[key.name] = variable.place;
    return Status::OK();
  }
  if (variable.name.starts_with(kKafkaPrefix)) {
    std::string property = variable.name.substr(kKafkaPrefix.size());
    for (char& c : property) c = c == '_' ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    s.kafka[property] = variable.value;
    s.origins["kafka." + property] = variable.place;
    return Status::OK();
  }
  if (variable.name.starts_with("PREGAO_TEST_") || variable.name == "PREGAO_SERVICES") return Status::OK();  // tests'
  if (variable.name == "PREGAO_CONFIG" || variable.name == "PREGAO_CACHE") return Status::OK();  // main's, the build's
  const auto near = NearestName(variable.name, names);
  out->warnings.push_back(fmt::format("{}: no setting is called {}{}; it is ignored", variable.place, variable.name,
                                      near ? fmt::format(" (did you mean {}?)", *near) : ""));
  return Status::OK();
}

void UseBucketName(Settings* s) {
  if (s->bucket_name.empty() || s->origins["lake"] != "default") return;
  s->lake = s->bucket_name.starts_with("gs://") ? s->bucket_name : "gs://" + s->bucket_name;
  s->origins["lake"] = "BUCKET_NAME, " + s->origins["BUCKET_NAME"];
}

constexpr char kFitted[] = "default on gs://";

}  // namespace

void FitToLake(Settings* s) {
  std::string& origin = s->origins["engine.commit-interval"];
  if (origin != "default" && origin != kFitted) return;
  const bool bucket = s->lake.starts_with("gs://");
  s->engine_commit_interval = bucket ? std::chrono::seconds(10) : Settings().engine_commit_interval;
  origin = bucket ? kFitted : "default";
}

std::string ExpandHome(const std::string& path, const Settings& settings) {
  if (!path.starts_with("~/")) return path;
  std::error_code error;
  return (settings.home.empty() ? std::filesystem::temp_directory_path(error).string() : settings.home) +
         path.substr(1);
}

Result<LoadedSettings> LoadSettings(const SettingSources& sources) {
  LoadedSettings out;
  for (const SettingKey& key : SettingKeys()) out.settings.origins[key.name] = "default";
  TRY(LoadFile(sources, &out.settings));
  TRY_ASSIGN(std::vector<Variable> variables, ReadEnvFile(sources.env_file));
  for (const std::string& entry : sources.environment) {  // after .env, so they win
    const auto equals = entry.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = entry.substr(0, equals);
    variables.push_back({name, entry.substr(equals + 1), "environment " + name});
  }
  for (const Variable& variable : variables) TRY(ApplyVariable(variable, &out));
  for (const auto& [name, text] : sources.flags) {
    const SettingKey* const key = Find(name);
    if (key == nullptr) return Status::Invalid("--", name, ": unknown setting; ", DidYouMean(name));
    TRY(At("--" + name, SetFromText(*key, text, &out.settings)));
    out.settings.origins[name] = "--" + name;
  }
  UseBucketName(&out.settings);
  FitToLake(&out.settings);
  return out;
}

}  // namespace pregao::cli
