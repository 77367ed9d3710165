#include "web/remembered.h"

#include <future>
#include <gtest/gtest.h>

namespace pregao::web {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class RememberedTest : public testing::Test {
 protected:
  Result<std::string> Ask(Remembered* answers, const std::string& key = "") {
    return answers->Get(key, [&](Waited*) -> Result<std::string> {
      if (fails_) return Status::IOError("no");
      return std::to_string(++made_);
    });
  }
  int made_ = 0;
  bool fails_ = false;
};

TEST_F(RememberedTest, IsComputedOnceForEachKeyUntilItIsOld) {
  Remembered answers{hours(1)}, at_once{milliseconds(0)};
  EXPECT_EQ(*Ask(&answers, "a"), "1");
  EXPECT_EQ(*Ask(&answers, "b"), "2");
  EXPECT_EQ(*Ask(&answers, "a"), "1");
  made_ = 0;
  at_once.Get("", [](Waited*) { return Result<std::string>("first"); }).ValueOrDie();
  while (*Ask(&at_once) == "first") {  // ten times as long as it took to make
  }
  EXPECT_EQ(made_, 1);
}

TEST_F(RememberedTest, WhatWaitedForOthersIsNotKeptForThatAndWhatIsVeryDearNotForEver) {
  Remembered answers{milliseconds(0)}, young{milliseconds(0), milliseconds(0), milliseconds(0)};
  const auto slow = [](Waited of_others) {
    return [of_others](Waited* waited) {
      std::promise<void>().get_future().wait_for(milliseconds(200));  // kept for two seconds, if it was its own
      *waited += of_others;
      return Result<std::string>("slow");
    };
  };
  ASSERT_EQ(*answers.Get("", slow(hours(1))), "slow");
  EXPECT_EQ(*Ask(&answers), "1");
  ASSERT_EQ(*young.Get("", slow({})), "slow");
  EXPECT_EQ(*Ask(&young), "2");
}

TEST_F(RememberedTest, AnErrorIsAnAnswerToo) {
  Remembered answers{hours(1)};
  fails_ = true;
  EXPECT_TRUE(Ask(&answers).status().IsIOError());
  fails_ = false;
  EXPECT_TRUE(Ask(&answers).status().IsIOError());
}

TEST_F(RememberedTest, OfABusyLakeTheAnswerBeforeIsTold) {
  Remembered answers{milliseconds(0)};
  const auto busy = [](Waited*) { return Result<std::string>(Status::Cancelled("busy")); };
  EXPECT_TRUE(answers.Get("", busy).status().IsCancelled());
  EXPECT_EQ(*Ask(&answers), "1") << "that it was busy is not kept";
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(*answers.Get("", busy), "1");
}

TEST_F(RememberedTest, AtMostSoManyAreKept) {
  Remembered answers{hours(1)};
  for (std::size_t i = 0; i <= Remembered::kMost; ++i) ASSERT_TRUE(Ask(&answers, std::to_string(i)).ok());
  EXPECT_EQ(*Ask(&answers, std::to_string(Remembered::kMost)), std::to_string(Remembered::kMost + 1));
  EXPECT_EQ(*Ask(&answers, "0"), std::to_string(Remembered::kMost + 2));
}

TEST_F(RememberedTest, WhileOneIsComputedOthersHaveTheOneBeforeAndDoNotWait) {
  Remembered answers{milliseconds(1000)};
  std::promise<void> may_end, has_begun;
  EXPECT_EQ(*Ask(&answers), "1");
  auto slow = std::async(std::launch::async, [&] {
    for (;;) {  // until it is old
      bool mine = false;
      auto answer = answers.Get("", [&](Waited*) -> Result<std::string> {
        mine = true;
        has_begun.set_value();
        may_end.get_future().wait();
        return std::string("slow");
      });
      if (mine) return answer.ValueOrDie();
    }
  });
  has_begun.get_future().wait();
  EXPECT_EQ(*Ask(&answers), "1");
  may_end.set_value();
  EXPECT_EQ(slow.get(), "slow");
  EXPECT_EQ(*Ask(&answers), "slow");
  EXPECT_EQ(made_, 1);
}

TEST_F(RememberedTest, OneThatTakesLongHoldsTheOthersUpForAWhileOnly) {
  Remembered answers{hours(1), milliseconds(20)};
  std::promise<void> may_end, has_begun;
  auto slow = std::async(std::launch::async, [&] {
    return answers.Get("slow", [&](Waited*) -> Result<std::string> {
      has_begun.set_value();
      may_end.get_future().wait();
      return std::string("slow");
    });
  });
  has_begun.get_future().wait();
  EXPECT_TRUE(Ask(&answers, "other").status().IsCancelled());
  may_end.set_value();
  EXPECT_EQ(*slow.get(), "slow");
  EXPECT_EQ(*Ask(&answers, "other"), "1");
}

}  // namespace
}  // namespace pregao::web
