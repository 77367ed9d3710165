#include "cli/commands.h"

namespace pregao::cli {

std::vector<Command> Commands() {
  return {ListenCommand(), ReadCommand(), SqlCommand(), ReplayCommand(), SimulateCommand(), DoctorCommand()};
}

}  // namespace pregao::cli
