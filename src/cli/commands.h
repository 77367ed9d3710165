#pragma once
/// What a command of the pregao program is: one file a command, registered in Commands().
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "cli/settings.h"

namespace CLI {
class App;
}

namespace pregao::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< something went wrong, or a check found something wrong
  kUsage = 2,          ///< a wrong flag, argument or setting
  kInterrupted = 130,  ///< stopped by Ctrl-C before the work was done
};

/// What main hands to a command. `settings` and what follows are filled in before the command runs, not at setup.
struct Context {
  Settings settings;
  bool json = false;         ///< --json: data on stdout is JSON
  bool in_bigquery = false;  ///< --in bigquery: the tables looked at are BigQuery's, not the lake's
  std::stop_token stop;      ///< requested by the first SIGINT or SIGTERM; the second ends the process
  const Clock* clock = nullptr;
};

/// Runs the command. A Status is printed as "pregao: …" on stderr and becomes kFailed (kInterrupted when Cancelled).
using Run = std::function<Result<ExitCode>()>;

struct Command {
  std::string name;
  std::string summary;                ///< one line
  std::vector<std::string> examples;  ///< whole command lines, shown by --help
  std::vector<std::string> settings;  ///< keys, or prefixes ending in '.', that --help shows
  /// Declares the command's own flags and arguments on `app`. Both pointers outlive the answer.
  std::function<Run(CLI::App* app, Context* context)> setup;
  bool reads = false;  ///< works on a lake that is there and begins none: where there is a demo alone, on that
};

/// All commands, in the order of the help.
[[nodiscard]] std::vector<Command> Commands();

Command RunCommand();
Command SilverCommand();
Command GoldCommand();
Command BackfillCommand();
Command ReconcileCommand();
Command AuditCommand();
Command OptimizeCommand();
Command VacuumCommand();
Command SimulateCommand();
Command ListenCommand();
Command ReplayCommand();
Command ReadCommand();
Command SqlCommand();
Command ServeCommand();
Command DoctorCommand();

/// While it lives, `on_interrupt` runs (on another thread) at SIGINT in place of stopping the program.
class InterruptHandler {
 public:
  explicit InterruptHandler(std::function<void()> on_interrupt);
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;
};

}  // namespace pregao::cli
