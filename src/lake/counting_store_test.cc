#include "lake/counting_store.h"

#include <gtest/gtest.h>

#include "lake/faulty_store.h"
#include "lake/memory_store.h"

namespace pregao::lake {
namespace {

StoreStats::Calls Of(const CountingStore& store, StoreOperation operation) {
  return store.stats().calls[static_cast<std::size_t>(operation)];
}

TEST(CountingStore, CountsEachKindOfAnswerApart) {
  auto faulty = std::make_shared<FaultyStore>(std::make_shared<MemoryStore>());
  CountingStore store(faulty);
  EXPECT_TRUE(store.Get("a").status().IsKeyError());
  ASSERT_TRUE(store.PutIfAbsent("a", "12345").ok());
  EXPECT_EQ(*store.PutIfAbsent("a", "1"), PutOutcome::kExists);
  ASSERT_TRUE(store.Get("a").ok());
  ASSERT_TRUE(store.GetRange("a", 1, 2).ok());
  ASSERT_TRUE(store.List("").ok());
  faulty->FailAt(faulty->calls() + 1, StoreFault::kError);
  EXPECT_FALSE(store.Put("b", "123").ok());
  ASSERT_TRUE(store.Put("b", "123").ok());
  ASSERT_TRUE(store.Delete("b").ok());

  EXPECT_EQ(Of(store, StoreOperation::kGet).absent, 1);
  EXPECT_EQ(Of(store, StoreOperation::kGet).ok, 1);
  EXPECT_EQ(Of(store, StoreOperation::kPutIfAbsent).ok, 1);
  EXPECT_EQ(Of(store, StoreOperation::kPutIfAbsent).exists, 1);
  EXPECT_EQ(Of(store, StoreOperation::kPut).failed, 1);
  EXPECT_EQ(Of(store, StoreOperation::kPut).ok, 1);
  EXPECT_EQ(Of(store, StoreOperation::kGetRange).ok, 1);
  EXPECT_EQ(Of(store, StoreOperation::kList).ok, 1);
  EXPECT_EQ(Of(store, StoreOperation::kDelete).ok, 1);
  EXPECT_EQ(store.stats().bytes_written, 8) << "what was refused is not written";
  EXPECT_EQ(store.stats().bytes_read, 7);
}

}  // namespace
}  // namespace pregao::lake
