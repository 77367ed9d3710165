#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
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
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/settings_check.h"
#include "cli/source.h"

namespace pregao::cli {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 done; 1 failed, or a check found something wrong; 2 wrong flag, argument or setting;\n"
    "            130 stopped by Ctrl-C before the work was done\n";

constexpr const char* kSettingsGroup = "Settings";

/// Leaves the settings out of the program's help: each command's help shows its own. (A group without a name would hide
/// them too, but then CLI11's errors name no flag.)
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool positional, std::vector<const CLI::Option*> options) const override {
    return group == kSettingsGroup ? "" : CLI::Formatter::make_group(std::move(group), positional, std::move(options));
  }
};

struct Flags {
  std::string config;
  std::map<std::string, std::string> settings;
};

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
        ->group(kSettingsGroup)
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

/// Flags that go past a safeguard: nobody is led to one by a slip of the finger.
bool PassesSafeguard(const std::string& flag) {
  return flag == "force" || flag == "take-over" || flag == "anyway" || flag == "again" || flag == "repair" ||
         flag.starts_with("accept-");
}

void AddLongNames(const CLI::App* app, std::vector<std::string>* names) {
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (!PassesSafeguard(name)) names->push_back("--" + name);
    }
  }
}

std::string UnknownCommand(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  const auto near = NearestName(word, names);
  return fmt::format("unknown command '{}'{}", word,
                     near ? fmt::format("; did you mean '{}'?", *near) : "; see `pregao --help`");
}

// What is wrong with the command line, with the nearest thing that would have been right.
std::string UsageError(const CLI::App& app, const std::vector<std::string>& args, const std::string& parsed) {
  const std::vector<std::string> rest = app.remaining(true);
  const auto chosen = app.get_subcommands();
  if (rest.empty()) {
    return chosen.empty() ? "a command is needed; `pregao --help` lists them" : parsed;
  }
  const std::string word = rest.front().substr(0, rest.front().find('='));
  if (!word.starts_with('-')) {
    if (chosen.empty()) return UnknownCommand(app, word);
    const std::string command = chosen.front()->get_name();
    // What stands before the command was meant as one: `pregao reed silver`.
    const auto before = std::find(args.begin(), args.end(), command);
    if (std::find(args.begin(), before, rest.front()) != before) return UnknownCommand(app, word);
    return fmt::format("'{}' is one argument too many for `pregao {}`", word, command);
  }
  std::vector<std::string> names;
  AddLongNames(&app, &names);
  if (!chosen.empty()) AddLongNames(chosen.front(), &names);
  const auto near = NearestName(word, names);
  return fmt::format("unknown flag '{}'{}", word,
                     near ? fmt::format("; did you mean '{}'?", *near) : "; see `pregao --help`");
}

bool IsCommand(const CLI::App& app, const std::string& word) {
  const auto commands = app.get_subcommands(nullptr);
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == word; });
}

/// `pregao help read` is `pregao read --help`.
void ExpandHelp(std::vector<std::string>* args) {
  if (args->empty() || args->front() != "help") return;
  args->erase(args->begin());
  args->push_back("--help");
}

int Fail(ExitCode code, std::string_view message) {
  WriteError(fmt::format("pregao: {}\n", message));
  return static_cast<int>(code);
}

/// As the log's last line where that is JSON; else as any program says it.
int FailLogged(ExitCode code, const std::string& message, const Context& context) {
  if (context.settings.log_format != "json") return Fail(code, message);
  spdlog::error("{}", message);
  return static_cast<int>(code);
}

int RunCommand(const Command& command, const Run& run, const Flags& flags, Context* context) {
  auto loaded = LoadSettings(Sources(flags));
  if (!loaded.ok()) return Fail(ExitCode::kUsage, loaded.status().message());
  context->settings = std::move(loaded->settings);
  SetUpLog(context->settings);
  for (const std::string& warning : loaded->warnings) spdlog::warn("{}", warning);
  if (const Status status = CheckSettings(command, *context); !status.ok()) {
    return FailLogged(ExitCode::kUsage, status.message(), *context);
  }
  if (command.reads && !context->in_bigquery) UseDemoWhereAlone(&context->settings);
  const Result<ExitCode> result = run();
  if (result.ok()) return static_cast<int>(*result);
  if (result.status().IsCancelled()) {
    return static_cast<int>(context->stop.stop_requested() ? ExitCode::kInterrupted : ExitCode::kOk);
  }
  return FailLogged(IsMisuse(result.status()) ? ExitCode::kUsage : ExitCode::kFailed, result.status().message(),
                    *context);
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
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer("`pregao COMMAND --help` shows a command's flags, settings and examples.\n\n" + std::string(kExitCodes));
  DeclareFlags(&app, &flags, &context);
  Run run;
  const Command* chosen = nullptr;
  const std::vector<Command> commands = Commands();
  for (const Command& command : commands) {
    CLI::App* const sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    sub->footer(Footer(command));
    sub->final_callback([&run, &chosen, &command, its = command.setup(sub, &context)] {
      run = its;
      chosen = &command;
    });
  }
  std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  ExpandHelp(&args);
  if (args.size() == 2 && args[1] == "--help" && !args[0].starts_with('-') && !IsCommand(app, args[0])) {
    return Fail(ExitCode::kUsage, UnknownCommand(app, args[0]));
  }
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));  // it takes them from the back
  } catch (const CLI::Success& e) {                                   // --help, --version
    return app.exit(e);
  } catch (const CLI::RuntimeError& e) {  // a flag that did its work while it was read
    return e.get_exit_code();
  } catch (const CLI::ParseError& e) {
    return Fail(ExitCode::kUsage, UsageError(app, args, e.what()));
  }
  return RunCommand(*chosen, run, flags, &context);
}

}  // namespace pregao::cli
