#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/text.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/urls.h"

namespace pregao::cli {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 done; 1 failed, or a check found something wrong; 2 wrong flag, argument or setting;\n"
    "            130 stopped by Ctrl-C before the work was done\n";

struct Flags {
  std::string config;
  std::map<std::string, std::string> settings;
};

bool Shows(const Command& command, const std::string& key) {
  for (const std::string& shown : command.settings) {
    if (key == shown || (shown.ends_with('.') && key.starts_with(shown))) return true;
  }
  return key.starts_with("log.");
}

std::string Footer(const Command& command) {
  std::string text = "Settings (also in pregao.toml and, as PREGAO_…, in the environment):\n";
  const Settings defaults;
  for (const SettingKey& key : SettingKeys()) {
    if (!Shows(command, key.name)) continue;
    text += fmt::format("  --{} {}\n        {}\n", key.name, ValueText(key, defaults), key.help);
  }
  text += "  --config FILE   another settings file than pregao.toml; --json: JSON on standard output\n\nExamples:\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  return text + "\n" + std::string(kExitCodes);
}

// Every setting is a flag of the program; commands let them fall through to it.
void DeclareFlags(CLI::App* app, Flags* flags, Context* context) {
  app->set_version_flag("--version", "pregao " + std::string(kVersion));
  app->add_option("--config", flags->config, "The settings file (default: pregao.toml, PREGAO_CONFIG)");
  app->add_flag("--json", context->json, "JSON on standard output");
  for (const SettingKey& key : SettingKeys()) {
    app->add_option_function<std::string>(
           "--" + key.name, [flags, name = key.name](const std::string& text) { flags->settings[name] = text; },
           key.help)
        ->group("")  // each command's help shows its own
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->trigger_on_parse();
  }
}

SettingSources Sources(const Flags& flags) {
  SettingSources sources;
  const char* const variable = std::getenv("PREGAO_CONFIG");
  if (!flags.config.empty()) {
    sources.file = flags.config;
  } else if (variable != nullptr && *variable != '\0') {
    sources.file = variable;
  }
  sources.file_required = !flags.config.empty() || sources.file != "pregao.toml";
  for (char** entry = environ; *entry != nullptr; ++entry) sources.environment.emplace_back(*entry);
  sources.flags = flags.settings;
  return sources;
}

void AddLongNames(const CLI::App* app, std::vector<std::string>* names) {
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) names->push_back("--" + name);
  }
}

// What is wrong with the command line, with the nearest thing that would have been right.
std::string UsageError(const CLI::App& app, const std::string& parsed) {
  const std::vector<std::string> rest = app.remaining(true);
  const auto chosen = app.get_subcommands();
  if (rest.empty()) {
    return chosen.empty() ? "a command is needed; `pregao --help` lists them" : parsed;
  }
  std::vector<std::string> names;
  const std::string word = rest.front().substr(0, rest.front().find('='));
  const bool flag = word.starts_with('-');
  if (!flag && !chosen.empty()) {
    return fmt::format("'{}' is one argument too many for `pregao {}`", word, chosen.front()->get_name());
  }
  AddLongNames(&app, &names);
  if (!chosen.empty()) AddLongNames(chosen.front(), &names);
  if (!flag) {
    names.clear();
    for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  }
  const auto near = NearestName(word, names);
  return fmt::format("unknown {} '{}'{}", flag ? "flag" : "command", word,
                     near ? fmt::format("; did you mean '{}'?", *near) : "; see `pregao --help`");
}

int Fail(ExitCode code, std::string_view message) {
  WriteError(fmt::format("pregao: {}\n", message));
  return static_cast<int>(code);
}

int RunCommand(const Run& run, bool reads, const Flags& flags, Context* context) {
  auto loaded = LoadSettings(Sources(flags));
  if (!loaded.ok()) return Fail(ExitCode::kUsage, loaded.status().message());
  const Status urls = CheckUrls(loaded->settings);
  if (!urls.ok()) return Fail(ExitCode::kUsage, urls.message());
  context->settings = std::move(loaded->settings);
  SetUpLog(context->settings);
  for (const std::string& warning : loaded->warnings) spdlog::warn("{}", warning);
  if (reads && !context->in_bigquery) UseDemoWhereAlone(&context->settings);
  const Result<ExitCode> result = run();
  if (result.ok()) return static_cast<int>(*result);
  if (result.status().IsCancelled()) {
    return static_cast<int>(context->stop.stop_requested() ? ExitCode::kInterrupted : ExitCode::kOk);
  }
  return Fail(ExitCode::kFailed, result.status().message());
}

}  // namespace

int Main(int argc, char** argv) {
  SignalWatch signals;
  const SystemClock clock;
  Context context;
  context.stop = signals.token();
  context.clock = &clock;
  Flags flags;
  CLI::App app("Live quotes into a Delta lake, exactly once, and SQL over it.", "pregao");
  app.require_subcommand(1);
  app.footer("`pregao COMMAND --help` shows a command's flags, settings and examples.\n\n" + std::string(kExitCodes));
  DeclareFlags(&app, &flags, &context);
  Run run;
  bool reads = false;
  const std::vector<Command> commands = Commands();
  for (const Command& command : commands) {
    CLI::App* const sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    sub->footer(Footer(command));
    sub->final_callback([&run, &reads, &command, chosen = command.setup(sub, &context)] {
      run = chosen;
      reads = command.reads;
    });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return Fail(ExitCode::kUsage, UsageError(app, e.what()));
  }
  return RunCommand(run, reads, flags, &context);
}

}  // namespace pregao::cli
