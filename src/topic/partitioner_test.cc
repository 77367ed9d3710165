#include "topic/partitioner.h"

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>

namespace pregao::topic {
namespace {

// From Kafka's own UtilsTest.testMurmur2.
TEST(Murmur2, AgreesWithTheJavaClient) {
  EXPECT_EQ(Murmur2("21"), -973932308);
  EXPECT_EQ(Murmur2("foobar"), -790332482);
  EXPECT_EQ(Murmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(Murmur2("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(Murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(Murmur2("abc"), 479470107);
}

TEST(Partitioner, TakesThePositiveHashModuloThePartitions) {
  Partitioner partitioner(10);
  EXPECT_EQ(partitioner.Of("abc"), Partition(479470107 % 10));
  EXPECT_EQ(partitioner.Of("21"), Partition((-973932308 & 0x7fffffff) % 10));
}

TEST(Partitioner, SendsEqualKeysToOnePartitionAndTheEmptyKeyIsAKey) {
  Partitioner one(7), other(7);
  for (const std::string key : {"", "PETR4.SA", "BTC-USD"})
    for (int i = 0; i < 5; ++i) EXPECT_EQ(one.Of(key), other.Of(key)) << key;
}

TEST(Partitioner, SpreadsRecordsWithoutKeyOverAllPartitionsEvenly) {
  Partitioner partitioner(5);
  std::map<Partition, int> seen;
  for (int i = 0; i < 500; ++i) ++seen[partitioner.Of(std::nullopt)];
  ASSERT_EQ(seen.size(), 5U);
  for (const auto& [partition, count] : seen) EXPECT_EQ(count, 100) << partition;
}

TEST(Partitioner, UsesEveryPartitionForManyKeys) {
  Partitioner partitioner(4);
  std::set<Partition> seen;
  for (int i = 0; i < 200; ++i) seen.insert(partitioner.Of("TICKER" + std::to_string(i)));
  EXPECT_EQ(seen.size(), 4U);
}

}  // namespace
}  // namespace pregao::topic
