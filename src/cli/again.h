#pragma once
/// `pregao replay --quarantine` and `--dead-letter`.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace pregao::cli {

struct AgainFlags {
  bool quarantine = false, dead_letter = false;
  std::vector<std::string> reasons;
  std::string since, until, ticker;
  std::int64_t limit = 0;  ///< 0: none
  std::vector<std::string> sets;
  std::string through;
  bool dry_run = false, anyway = false, take_over = false, accept_unproven = false;

  void Declare(CLI::App* app);
};

/// Sends rejected records, or dead letters, through again.
[[nodiscard]] Result<ExitCode> RunAgain(const Context& context, const AgainFlags& flags);

}  // namespace pregao::cli
