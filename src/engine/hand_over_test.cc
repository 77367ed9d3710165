#include "engine/hand_over.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "lake/memory_store.h"
#include "medallion/schema.h"
#include "topic/positions.h"

namespace pregao::engine {
namespace {

class HandOver : public ::testing::Test {
 protected:
  std::shared_ptr<lake::Table> Open() {
    const lake::TableSpec spec{medallion::BronzeSchema(), {"date"}, {{"pregao.schema", "1"}}};
    return lake::Table::OpenOrCreate(store_, "bronze/quotes", spec, &clock_).ValueOrDie();
  }
  topic::Positions Positions() {
    return topic::PositionsOf(Open()->snapshot()->positions, topic_, "bronze/quotes", false).ValueOrDie();
  }

  SystemClock clock_;
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>();
  topic::TopicInfo topic_{"quotes", "g1", 3};
};

TEST_F(HandOver, PositionsGoForwardOnly) {
  ASSERT_TRUE(AdvancePositions(Open().get(), topic_, {{Partition(0), Offset(0)}, {Partition(1), Offset(70)}}).ok());
  EXPECT_EQ(Positions(), (topic::Positions{{Partition(0), Offset(0)}, {Partition(1), Offset(70)}}));
  ASSERT_TRUE(AdvancePositions(Open().get(), topic_,
                               {{Partition(0), Offset(5)}, {Partition(1), Offset(60)}, {Partition(2), Offset(9)}})
                  .ok());
  EXPECT_EQ(Positions(),
            (topic::Positions{{Partition(0), Offset(5)}, {Partition(1), Offset(70)}, {Partition(2), Offset(9)}}));
}

TEST_F(HandOver, WhatIsThereAlreadyCostsNoCommit) {
  const topic::Positions to{{Partition(0), Offset(5)}};
  ASSERT_TRUE(AdvancePositions(Open().get(), topic_, to).ok());
  const auto version = Open()->snapshot()->version;
  ASSERT_TRUE(AdvancePositions(Open().get(), topic_, to).ok());
  EXPECT_EQ(Open()->snapshot()->version, version);
}

TEST_F(HandOver, PositionsOfAnotherTopicStay) {
  const topic::TopicInfo other{"quotes", "g2", 3};
  ASSERT_TRUE(AdvancePositions(Open().get(), topic_, {{Partition(0), Offset(5)}}).ok());
  ASSERT_TRUE(AdvancePositions(Open().get(), other, {{Partition(0), Offset(3)}}).ok());
  EXPECT_EQ(Positions(), (topic::Positions{{Partition(0), Offset(5)}}));
}

}  // namespace
}  // namespace pregao::engine
