#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <regex>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/one_of.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "topic/kafka_topic.h"

#include "web/http_get.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::seconds kAskTimeout{4};

struct Options {
  bool offline = false;
  std::string ask;
};

struct SettingLine {
  std::string key, value, origin;
};

std::string Origin(const Settings& s, const std::string& key) {
  const auto at = s.origins.find(key);
  return at == s.origins.end() ? "not set" : at->second;
}

/// Of a Spark URL's parameters those that are known to be no secret: others are sent as headers.
std::string WithoutTokens(const std::string& url) {
  static const std::regex kOther(R"re(;(?!(?:use_ssl|user_id|user_agent)=)([^;=]*)=[^;"]*)re");
  return std::regex_replace(url, kOther, ";$1=(hidden)");
}

std::vector<SettingLine> Lines(const Settings& s) {
  std::vector<SettingLine> lines;
  for (const SettingKey& key : SettingKeys()) {
    const bool secret = key.name == "web.token" && !s.web_token.empty();
    const std::string value = WithoutUserInfo(ValueText(key, s));
    lines.push_back({key.name,
                     secret                    ? "(hidden)"
                     : key.name == "spark.url" ? WithoutTokens(value)
                                               : value,
                     Origin(s, key.name)});
  }
  for (const auto& [key, value] : s.kafka) {
    lines.push_back({"kafka." + key, topic::IsSecretProperty(key) ? "(hidden)" : value, Origin(s, "kafka." + key)});
  }
  for (const auto& [key, value] : {std::pair("PROJECT_ID", &s.project_id), std::pair("BUCKET_NAME", &s.bucket_name),
                                   std::pair("GOOGLE_APPLICATION_CREDENTIALS", &s.google_application_credentials),
                                   std::pair("STORAGE_EMULATOR_HOST", &s.storage_emulator_host),
                                   std::pair("BIGQUERY_EMULATOR_HOST", &s.bigquery_emulator_host)}) {
    lines.push_back({key, *value, Origin(s, key)});
  }
  return lines;
}

std::string_view Name(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarning:
      return "warn";
    case Health::kFailure:
      return "fail";
  }
  return "";
}

Colour ColourOf(Health health) {
  switch (health) {
    case Health::kOk:
      return Colour::kGreen;
    case Health::kWarning:
      return Colour::kYellow;
    case Health::kFailure:
      return Colour::kRed;
  }
  return Colour::kRed;
}

std::string ForPeople(const std::vector<SettingLine>& settings, const std::vector<Finding>& findings) {
  TextTable table{{{"setting"}, {"value"}, {"from"}}, {}};
  for (const SettingLine& line : settings) {
    if (line.origin != "not set") table.rows.push_back({line.key, Printable(line.value), line.origin});
  }
  std::string out = table.ToString() + "\n";
  const bool colour = WantsColour(STDOUT_FILENO);
  for (const Finding& f : findings) {
    out += fmt::format("{:4}  {:10}  {}\n", Paint(fmt::format("{:4}", Name(f.health)), ColourOf(f.health), colour),
                       f.check, Printable(f.detail));
    if (!f.fix.empty()) out += fmt::format("{:18}-> {}\n", "", f.fix);
  }
  return out;
}

std::string ForPrograms(const std::vector<SettingLine>& settings, const std::vector<Finding>& findings, bool healthy) {
  JsonWriter w;
  const auto text = [&w](std::string_view key, std::string_view value) {
    w.Key(key);
    w.String(value);
  };
  w.BeginObject();
  w.Key("ok");
  w.Bool(healthy);
  w.Key("checks");
  w.BeginArray();
  for (const Finding& f : findings) {
    w.BeginObject();
    text("check", f.check);
    text("state", Name(f.health));
    text("detail", f.detail);
    text("fix", f.fix);
    w.EndObject();
  }
  w.EndArray();
  w.Key("settings");
  w.BeginArray();
  for (const SettingLine& line : settings) {
    w.BeginObject();
    text("key", line.key);
    text("value", line.value);
    text("from", line.origin);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

/// What the pregao that runs at web.listen says of itself: for a container's health check, and for people.
Result<ExitCode> Ask(const Context& context, const std::string& what) {
  TRY_ASSIGN(const auto address, WebAddress(context.settings));
  if (!address) return Status::Invalid("web.listen is \"\": there is nobody to ask");
  TRY_ASSIGN(const auto answer, web::HttpGet(*address, "/" + what, kAskTimeout));
  TRY(WriteOut(answer.body));
  return answer.status == 200 ? ExitCode::kOk : ExitCode::kFailed;
}

Result<ExitCode> RunDoctor(const Context& context, const Options& options) {
  if (!options.ask.empty()) return Ask(context, options.ask);
  std::vector<Finding> findings;
  CheckClock(context, &findings);
  CheckDisk(context, &findings);
  CheckWatchlist(context, &findings);
  CheckCalendars(context, &findings);
  CheckTopic(context, &findings);
  CheckSpool(context, &findings);
  CheckLake(context, &findings);
  CheckTables(context, &findings);
  CheckBigQuery(context, &findings);
  CheckWeb(context, &findings);
  CheckYahoo(context, options.offline, &findings);
  const bool healthy =
      std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.health == Health::kFailure; });
  const auto settings = Lines(context.settings);
  TRY(WriteOut(context.json ? ForPrograms(settings, findings, healthy) : ForPeople(settings, findings)));
  return healthy ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command DoctorCommand() {
  return {"doctor",
          "Check settings, files and reachability, each with its fix",
          {"pregao doctor", "pregao doctor --json --offline", "pregao doctor --print-config > pregao.toml",
           "pregao doctor --ask readyz    # of the pregao that runs here"},
          {"topic", "lake", "watchlist", "yahoo.stream-url", "listen.spool", "listen.spool-bytes", "calendars", "web.",
           "bigquery."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            // While the command line is read: it is what a settings file that does not load is mended by.
            app->add_flag_callback(
                "--print-config",
                [] {
                  const Status written = WriteOut(SampleFile());
                  const bool well = written.ok() || written.IsCancelled();  // as any command's
                  if (!well) WriteError("pregao: " + written.message() + "\n");
                  throw CLI::RuntimeError(well ? 0 : 1);
                },
                "Print a documented sample of pregao.toml");
            app->add_flag("--offline", options->offline, "Leave out the look at the stream");
            app->add_option("--ask", options->ask,
                            "healthz or readyz: ask the pregao that runs at web.listen, print what it says, exit 1"
                            " unless it says yes")
                ->check(OneOf({"healthz", "readyz"}));
            return [options, context] { return RunDoctor(*context, *options); };
          }};
}

}  // namespace pregao::cli
