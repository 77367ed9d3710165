#pragma once

namespace pregao::cli {

/// The program: parses flags, loads settings, runs the command. @return the process's exit code (ExitCode).
[[nodiscard]] int Main(int argc, char** argv);

}  // namespace pregao::cli
