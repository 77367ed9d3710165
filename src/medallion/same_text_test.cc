#include "medallion/same_text.h"

#include <gtest/gtest.h>
#include <string>

namespace pregao::medallion {
namespace {

TEST(SameText, IsEqualityAtEachLengthAndWhereverADifferenceStands) {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::string text(size, 'a');
    const std::string same = text;
    EXPECT_TRUE(SameText(text, same)) << size;
    EXPECT_FALSE(SameText(text, text + "a")) << size;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = 'b';
      EXPECT_FALSE(SameText(text, same)) << size << " " << at;
      text[at] = 'a';
    }
  }
}

}  // namespace
}  // namespace pregao::medallion
