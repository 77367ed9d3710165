#pragma once
/// What every ObjectStore must do. A store's test instantiates it:
///   INSTANTIATE_TEST_SUITE_P(Local, StoreConformance, testing::Values([] { return …; }));
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <thread>

#include "lake/object_store.h"

namespace pregao::lake {

using StoreFactory = std::function<std::shared_ptr<ObjectStore>()>;

class StoreConformance : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override { store_ = GetParam()(); }
  std::vector<std::string> Paths(const std::string& prefix, const std::string& start_after = "") {
    std::vector<std::string> paths;
    for (const auto& info : store_->List(prefix, start_after).ValueOrDie()) paths.push_back(info.path);
    return paths;
  }
  std::shared_ptr<ObjectStore> store_;
};

TEST_P(StoreConformance, GetReturnsWhatPutWrote) {
  const std::string bytes("\0\xff binary \n", 11);
  ASSERT_TRUE(store_->Put("a/b/c", bytes).ok());
  EXPECT_EQ(*store_->Get("a/b/c"), bytes);
}

TEST_P(StoreConformance, AnEmptyObjectIsAnObject) {
  ASSERT_TRUE(store_->Put("empty", "").ok());
  EXPECT_EQ(*store_->Get("empty"), "");
  EXPECT_EQ(*store_->PutIfAbsent("empty", "x"), PutOutcome::kExists);
}

TEST_P(StoreConformance, PutReplaces) {
  ASSERT_TRUE(store_->Put("k", "a long first value").ok());
  ASSERT_TRUE(store_->Put("k", "2").ok());
  EXPECT_EQ(*store_->Get("k"), "2");
}

TEST_P(StoreConformance, PutIfAbsentCreatesOnceAndKeepsTheFirst) {
  EXPECT_EQ(*store_->PutIfAbsent("log/0", "first"), PutOutcome::kCreated);
  EXPECT_EQ(*store_->PutIfAbsent("log/0", "second"), PutOutcome::kExists);
  EXPECT_EQ(*store_->Get("log/0"), "first");
}

TEST_P(StoreConformance, WhatIsAbsentIsAKeyErrorFromGet) {
  ASSERT_TRUE(store_->Put("folder/object", "x").ok());
  for (const char* path : {"nothing", "folder", "folder/other", "folder/object/below"}) {
    EXPECT_TRUE(store_->Get(path).status().IsKeyError()) << path << ": " << store_->Get(path).status();
    EXPECT_TRUE(store_->GetRange(path, 0, 1).status().IsKeyError()) << path;
  }
}

TEST_P(StoreConformance, GetRangeReadsInside) {
  ASSERT_TRUE(store_->Put("k", "0123456789").ok());
  EXPECT_EQ(*store_->GetRange("k", 0, 10), "0123456789");
  EXPECT_EQ(*store_->GetRange("k", 3, 4), "3456");
  EXPECT_EQ(*store_->GetRange("k", 10, 0), "");
}

TEST_P(StoreConformance, GetRangeBeyondTheEndIsInvalid) {
  ASSERT_TRUE(store_->Put("k", "0123456789").ok());
  for (const auto& [offset, size] : {std::pair{0, 11}, {8, 3}, {11, 0}, {-1, 2}, {0, -1}}) {
    EXPECT_TRUE(store_->GetRange("k", offset, size).status().IsInvalid()) << offset << " " << size;
  }
}

TEST_P(StoreConformance, ListIsByPrefixAtAnyDepthInTheOrderOfBytes) {
  for (const char* path : {"t/b", "t/a/2", "t/a/1/x", "t/a-b", "t/a.c", "tt", "u/v", "t/\xc3\xa9"}) {
    ASSERT_TRUE(store_->Put(path, "x").ok());
  }
  EXPECT_THAT(Paths("t/"), testing::ElementsAre("t/a-b", "t/a.c", "t/a/1/x", "t/a/2", "t/b", "t/\xc3\xa9"));
  EXPECT_THAT(Paths("t"), testing::SizeIs(7));
  EXPECT_THAT(Paths("t/a/"), testing::ElementsAre("t/a/1/x", "t/a/2"));
  EXPECT_THAT(Paths("t/a"), testing::ElementsAre("t/a-b", "t/a.c", "t/a/1/x", "t/a/2"));
  EXPECT_THAT(Paths(""), testing::SizeIs(8));
  EXPECT_THAT(Paths("nothing/"), testing::IsEmpty());
}

TEST_P(StoreConformance, ListStartsAfterAPathWhetherItExistsOrNot) {
  for (const char* path : {"l/1", "l/2", "l/3"}) ASSERT_TRUE(store_->Put(path, "x").ok());
  EXPECT_THAT(Paths("l/", "l/1"), testing::ElementsAre("l/2", "l/3"));
  EXPECT_THAT(Paths("l/", "l/1x"), testing::ElementsAre("l/2", "l/3"));
  EXPECT_THAT(Paths("l/", "l/3"), testing::IsEmpty());
  EXPECT_THAT(Paths("l/", "a"), testing::SizeIs(3));
  ASSERT_TRUE(store_->Put("m/a/x", "x").ok());
  ASSERT_TRUE(store_->Put("m/b/x", "x").ok());
  EXPECT_THAT(Paths("m/", "m/a/x"), testing::ElementsAre("m/b/x"));
  EXPECT_THAT(Paths("m/", "m/a/a"), testing::ElementsAre("m/a/x", "m/b/x"));
}

TEST_P(StoreConformance, ListGivesSizes) {
  ASSERT_TRUE(store_->Put("k", "12345").ok());
  EXPECT_EQ(store_->List("k")->at(0).size, 5);
}

TEST_P(StoreConformance, DeleteRemovesAndDoesNotMindAbsence) {
  ASSERT_TRUE(store_->Put("a/k", "x").ok());
  EXPECT_TRUE(store_->Delete("a/k").ok());
  EXPECT_TRUE(store_->Delete("a/k").ok());
  EXPECT_TRUE(store_->Delete("a/k/below").ok());
  EXPECT_TRUE(store_->Get("a/k").status().IsKeyError());
  EXPECT_EQ(*store_->PutIfAbsent("a/k", "again"), PutOutcome::kCreated);
}

TEST_P(StoreConformance, PathsThatLeaveTheRootAreInvalid) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a"}) {
    EXPECT_TRUE(store_->Put(path, "x").IsInvalid()) << path;
    EXPECT_TRUE(store_->PutIfAbsent(path, "x").status().IsInvalid()) << path;
    EXPECT_TRUE(store_->Get(path).status().IsInvalid()) << path;
    EXPECT_TRUE(store_->Delete(path).IsInvalid()) << path;
  }
}

TEST_P(StoreConformance, PathsMayHoldSpacesPercentAndUnicode) {
  const std::string path = "t/ticker=A%3AB C/\xc3\xa7\xe2\x82\xac.parquet";
  ASSERT_TRUE(store_->Put(path, "x").ok());
  EXPECT_THAT(Paths("t/ticker=A%3AB C/"), testing::ElementsAre(path));
  EXPECT_EQ(*store_->Get(path), "x");
}

TEST_P(StoreConformance, OfEightThreadsThatCreateOneObjectOneWins) {
  constexpr int kThreads = 8, kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    const std::string path = "race/" + std::to_string(round);
    std::latch start(kThreads);
    std::array<bool, kThreads> won{};
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
          start.arrive_and_wait();
          won[i] = store_->PutIfAbsent(path, std::to_string(i)).ValueOrDie() == PutOutcome::kCreated;
        });
      }
    }
    ASSERT_EQ(std::count(won.begin(), won.end(), true), 1) << path;
    const auto winner = std::find(won.begin(), won.end(), true) - won.begin();
    ASSERT_EQ(*store_->Get(path), std::to_string(winner));
  }
}

TEST_P(StoreConformance, AReaderNeverSeesHalfAnObject) {
  const std::string a(300'000, 'a'), b(300'000, 'b');
  const Status first = store_->Put("k", a);
  ASSERT_TRUE(first.ok()) << first;
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 0; i < 20; ++i) {
      const Status put = store_->Put("k", i % 2 == 0 ? b : a);
      ASSERT_TRUE(put.ok()) << put;
    }
    done = true;
  });
  int reads = 0;
  while (!done || reads == 0) {
    const std::string seen = store_->Get("k").ValueOrDie();
    ASSERT_TRUE(seen == a || seen == b);
    ++reads;
  }
}

}  // namespace pregao::lake
