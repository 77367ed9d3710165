#include "cli/commands.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

TEST(Commands, ShowSettingsThatThereAre) {
  for (const Command& command : Commands()) {
    for (const std::string& shown : command.settings) {
      EXPECT_TRUE(std::ranges::any_of(SettingKeys(),
                                      [&](const SettingKey& key) {
                                        return key.name == shown ||
                                               (shown.ends_with('.') && key.name.starts_with(shown));
                                      }))
          << command.name << " shows '" << shown << "', which names no setting";
    }
  }
}

}  // namespace
}  // namespace pregao::cli
