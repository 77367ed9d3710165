#include "lake/faulty_store.h"

#include <gtest/gtest.h>

#include "lake/memory_store.h"

namespace pregao::lake {
namespace {

class FaultyStoreTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryStore> inner_ = std::make_shared<MemoryStore>();
  FaultyStore store_{inner_};
};

TEST_F(FaultyStoreTest, DyingBeforeACallLeavesItUndoneAndEveryLaterOne) {
  store_.FailAt(2, StoreFault::kDieBefore);
  EXPECT_TRUE(store_.Put("1", "x").ok());
  EXPECT_TRUE(store_.Put("2", "x").IsIOError());
  EXPECT_TRUE(store_.Put("3", "x").IsIOError());
  EXPECT_TRUE(store_.dead());
  EXPECT_EQ(inner_->List("")->size(), 1u);
}

TEST_F(FaultyStoreTest, DyingAfterACallLeavesItDone) {
  store_.FailAt(2, StoreFault::kDieAfter);
  EXPECT_TRUE(store_.Put("1", "x").ok());
  EXPECT_TRUE(store_.PutIfAbsent("2", "x").status().IsIOError());
  EXPECT_TRUE(store_.Get("1").status().IsIOError());
  EXPECT_EQ(inner_->List("")->size(), 2u);
}

TEST_F(FaultyStoreTest, DoneButErrorIsDoneAndLifeGoesOn) {
  store_.FailAt(1, StoreFault::kDoneButError);
  EXPECT_TRUE(store_.PutIfAbsent("1", "x").status().IsIOError());
  EXPECT_EQ(*store_.PutIfAbsent("1", "x"), PutOutcome::kExists);
}

TEST_F(FaultyStoreTest, ErrorIsNotDoneAndLifeGoesOn) {
  store_.FailAt(1, StoreFault::kError);
  EXPECT_TRUE(store_.PutIfAbsent("1", "x").status().IsIOError());
  EXPECT_EQ(*store_.PutIfAbsent("1", "x"), PutOutcome::kCreated);
}

TEST_F(FaultyStoreTest, ASeedGivesTheSameFaultsAgain) {
  const auto run = [&] {
    store_.Reset();
    store_.FailAtRandom(7, 0.3);
    std::string outcomes;
    for (int i = 0; i < 100; ++i) outcomes += store_.Put("k", "x").ok() ? '.' : 'x';
    return outcomes;
  };
  const std::string first = run();
  EXPECT_EQ(run(), first);
  EXPECT_NE(first.find('x'), std::string::npos);
  EXPECT_NE(first.find('.'), std::string::npos);
}

TEST_F(FaultyStoreTest, TheHookSeesEachCallBeforeItIsDone) {
  std::vector<std::string> seen;
  store_.set_hook([&](const StoreCall& call) {
    seen.push_back(std::to_string(call.number) + " " + std::string(call.operation) + " " + std::string(call.path) +
                   " " + std::to_string(inner_->List("")->size()));
  });
  EXPECT_TRUE(store_.Put("a", "x").ok());
  EXPECT_TRUE(store_.Delete("a").ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"1 Put a 0", "2 Delete a 1"}));
  EXPECT_EQ(store_.calls(), 2);
}

}  // namespace
}  // namespace pregao::lake
