#include "cli/progress.h"

#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

TEST(ProgressText, ShowsShareAndCounts) {
  EXPECT_EQ(ProgressText("silver", 0, 4, "files"), "silver ▕····················▏ 0 %, 0 of 4 files");
  EXPECT_EQ(ProgressText("silver", 1, 2, "files"), "silver ▕██████████··········▏ 50 %, 1 of 2 files");
  EXPECT_EQ(ProgressText("silver", 1999, 2000, "files"), "silver ▕███████████████████·▏ 99 %, 1,999 of 2,000 files");
  EXPECT_EQ(ProgressText("silver", 3, 3, "files"), "silver ▕████████████████████▏ 100 %, 3 of 3 files");
}

TEST(ProgressText, OfNothingKnownSaysThatItIsAtWork) { EXPECT_EQ(ProgressText("silver", 0, 0, "files"), "silver …"); }

}  // namespace
}  // namespace pregao::cli
