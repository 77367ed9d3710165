#include "cli/one_of.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace pregao::cli {

CLI::Validator OneOf(std::vector<std::string> words) {
  const std::string shown = fmt::format("{{{}}}", fmt::join(words, ","));
  const auto check = [words = std::move(words)](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return {};
    const auto near = NearestName(word, words);
    return fmt::format("'{}' is none of {}{}", Printable(word), fmt::join(words, ", "),
                       near ? fmt::format("; did you mean '{}'?", *near) : "");
  };
  return {check, shown};
}

}  // namespace pregao::cli
