#include "cli/commands.h"

namespace pregao::cli {

std::vector<Command> Commands() {
  return {RunCommand(),       ListenCommand(), SilverCommand(), GoldCommand(),     BackfillCommand(),
          ReconcileCommand(), ReadCommand(),   SqlCommand(),    ServeCommand(),    AuditCommand(),
          OptimizeCommand(),  VacuumCommand(), ReplayCommand(), SimulateCommand(), DoctorCommand()};
}

}  // namespace pregao::cli
