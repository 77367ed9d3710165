#include "cli/commands.h"

namespace pregao::cli {

std::vector<Command> Commands() {
  return {RunCommand(),      ListenCommand(), SilverCommand(),   ReadCommand(),   SqlCommand(),      AuditCommand(),
          OptimizeCommand(), VacuumCommand(), BackfillCommand(), ReplayCommand(), SimulateCommand(), DoctorCommand()};
}

}  // namespace pregao::cli
