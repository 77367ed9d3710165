#include "cli/listener_options.h"

#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

TEST(ListenerOptions, ATopicThatRefusesIsInsistedOnForAsLongAsItTakes) {
  for (const std::string spool : {"", "data/spool.db"}) {
    Settings settings;
    settings.listen_spool = spool;
    EXPECT_GE(ListenerOptionsOf(settings, "yahoo").give_up_after, std::chrono::hours(24 * 365)) << spool;
  }
}

}  // namespace
}  // namespace pregao::cli
