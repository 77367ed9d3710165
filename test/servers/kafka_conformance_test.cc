// Kafka is a topic like the others: the conformance suite against a real broker, its readers by hand and in groups.
#include "test/servers/kafka_testing.h"
#include "test/topic_conformance.h"

namespace pregao::topic::test {
namespace {

template <bool kJoin>
class KafkaHarness {
 public:
  static constexpr bool kWriterFollowsTheName = true, kReadsAhead = true;
  static constexpr std::uint32_t kModelRuns = 4;

  std::unique_ptr<TopicWriter> Writer() { return Get(OpenKafkaWriter(topic_.options())); }
  std::unique_ptr<TopicReader> Reader(const std::string& group) {
    return Get(OpenKafkaReader(topic_.options(), {.group = group + "-" + topic_.name(), .join = kJoin}));
  }
  void DropSome(std::mt19937& random) {
    const auto ranges = Get(Get(OpenKafkaReader(topic_.options()))->Ranges());
    const auto partition = Partition(static_cast<std::int32_t>(random() % kPartitions));
    const OffsetRange range = ranges.at(partition);
    if (range.low == range.high) return;
    const auto count = static_cast<std::uint32_t>(range.high - range.low);
    topic_.admin().DeleteRecords(topic_.name(), partition.value, range.low.value + 1 + random() % count);
  }
  void Recreate() { topic_.Recreate(); }

 private:
  TestTopic topic_{kPartitions};
};

INSTANTIATE_TYPED_TEST_SUITE_P(KafkaByHand, TopicConformance, KafkaHarness<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(KafkaGroup, TopicConformance, KafkaHarness<true>);

}  // namespace
}  // namespace pregao::topic::test
