#pragma once
/// Flags and arguments whose value is one of some words.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pregao::cli {

/// As CLI::IsMember, and its error names the word that was probably meant. --help shows the words.
[[nodiscard]] CLI::Validator OneOf(std::vector<std::string> words);

}  // namespace pregao::cli
