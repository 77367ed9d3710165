// What Kafka does beyond the conformance suite: groups, holes, retention, topics made anew, rights.
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <rdkafka.h>

#include "topic/open.h"
#include "topic/partitioner.h"

#include "test/servers/kafka_testing.h"
#include "test/topic_tools.h"
#include "test/wait_testing.h"

namespace pregao::topic::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::milliseconds kTurn{20};

/// Readers of one group that hand partitions over through `positions`, as engines do through their tables. They take
/// turns on one thread.
class Group {
 public:
  explicit Group(const TestTopic& topic) : topic_(topic) {}

  void Join() {
    KafkaTopicOptions options = topic_.options();
    options.properties["session.timeout.ms"] = "6000";
    options.properties["topic.metadata.refresh.interval.ms"] = "500";
    members_.push_back({Get(OpenKafkaReader(options, {.group = topic_.name(), .join = true})), {}});
  }
  void Leave() { members_.erase(members_.begin()); }

  /// Lets everybody poll until `done`; a minute at most.
  template <class Done>
  [[nodiscard]] bool Until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      for (Member& member : members_) Turn(&member);
    }
    return true;
  }
  /// Each partition has one owner, and each member about as many as the others.
  [[nodiscard]] bool Shared(std::size_t partitions) const {
    std::set<Partition> all;
    std::size_t total = 0;
    for (const Member& member : members_) {
      if (member.owned.size() != partitions / members_.size()) return false;
      all.insert(member.owned.begin(), member.owned.end());
      total += member.owned.size();
    }
    return all.size() == partitions && total == partitions;
  }

  std::vector<Read> reads;
  Positions positions;

 private:
  struct Member {
    std::unique_ptr<TopicReader> reader;
    std::vector<Partition> owned;
  };

  void Turn(Member* member) {
    Polled polled = Get(member->reader->Poll(50, kTurn));
    if (polled.assigned) {
      EXPECT_TRUE(polled.records.empty());
      member->owned = *polled.assigned;
      Positions seek;
      for (const Partition p : member->owned) seek[p] = positions[p];
      ASSERT_OK(member->reader->Seek(seek));
    }
    for (std::size_t i = 0; i < polled.records.size(); ++i) {
      const auto& record = polled.records[i];
      EXPECT_EQ(record.offset, positions[record.partition]) << "partition " << record.partition;
      positions[record.partition] = record.offset + 1;
    }
    Append(polled.records, &reads);
  }

  const TestTopic& topic_;
  std::vector<Member> members_;
};

std::vector<NewRecord> Spread(int from, int count) {
  std::vector<NewRecord> records;
  for (int i = from; i < from + count; ++i) records.push_back(Record("key" + std::to_string(i), std::to_string(i)));
  return records;
}

TEST(KafkaGroup, SharesPartitionsAmongWhoeverIsThereAndReadsEachRecordOnce) {
  TestTopic topic(6);
  const auto writer = Get(OpenKafkaWriter(topic.options()));
  Group group(topic);
  const auto read_more = [&](int from, std::size_t members) {
    SCOPED_TRACE(fmt::format("{} members", members));
    ASSERT_OK(writer->Append(Spread(from, 1000)));
    EXPECT_TRUE(group.Until([&] { return group.Shared(6); }));
    EXPECT_TRUE(group.Until([&] { return group.reads.size() >= static_cast<std::size_t>(from + 1000); }));
  };
  group.Join();
  group.Join();
  read_more(0, 2);
  group.Join();
  read_more(1000, 3);
  group.Leave();  // its partitions go to the others
  read_more(2000, 2);
  group.Leave();
  read_more(3000, 1);
  std::set<std::string> values;
  for (const Read& read : group.reads) values.insert(*read.record.value);
  EXPECT_EQ(group.reads.size(), 4000U);
  EXPECT_EQ(values.size(), 4000U);
}

TEST(KafkaGroup, TakesPartitionsThatWereAddedMeanwhile) {
  TestTopic topic(2);
  Group group(topic);
  group.Join();
  EXPECT_TRUE(group.Until([&] { return group.Shared(2); }));
  topic.admin().AddPartitions(topic.name(), 4);
  EXPECT_TRUE(group.Until([&] { return group.Shared(4); }));
  const auto writer = Get(OpenKafkaWriter(topic.options()));
  EXPECT_EQ(writer->info().partitions, 4);
  ASSERT_OK(writer->Append(Spread(0, 100)));
  EXPECT_TRUE(group.Until([&] { return group.reads.size() >= 100; }));
}

TEST(KafkaGroup, CommitsWhatLagToolsSee) {
  TestTopic topic;
  ASSERT_OK(Get(OpenKafkaWriter(topic.options()))->Append(Records("key", 100)));
  const auto reader = Get(OpenKafkaReader(topic.options(), {.group = topic.name(), .join = true}));
  Start(*reader);
  const Read last = ReadSome(*reader, 100).back();
  ASSERT_OK(reader->Commit({{last.partition, Offset(42)}}));
  std::map<std::int32_t, std::int64_t> committed;
  for (int polls = 0; polls < 500 && committed.empty(); ++polls) {
    (void)Get(reader->Poll(1, kTurn));
    committed = topic.admin().Committed(topic.name(), topic.name(), kPartitions);
  }
  EXPECT_EQ(committed, (std::map<std::int32_t, std::int64_t>{{last.partition.value, 42}}));
}

TEST(KafkaWriter, WritesCompressedBatchesThatTheBrokerCanTellFromTheirRepeats) {
  TestTopic topic(1);
  const auto writer = Get(OpenKafkaWriter(topic.options()));
  for (int i = 0; i < 3; ++i) ASSERT_OK(writer->Append({{Record("key", std::string(1'000, 'x'))}}));
  const auto path = std::filesystem::path(ServiceVariable("PREGAO_TEST_KAFKA_KEYS")) / "data" / (topic.name() + "-0") /
                    "00000000000000000000.log";
  std::ifstream file(path, std::ios::binary);
  for (int i = 0; i < 3; ++i) {
    // Of a batch's header (KIP-98): the codec in the lowest bits of the attributes, the producer's id, the sequence.
    std::array<unsigned char, 61> head{};
    file.seekg(static_cast<std::streamoff>(BatchStart(path, i)));
    ASSERT_TRUE(file.read(reinterpret_cast<char*>(head.data()), head.size()));
    constexpr int kLz4 = 3;
    EXPECT_EQ(head[22] & 7, kLz4);
    EXPECT_LT(head[43], 0x80) << "the producer's id is -1 without idempotence";
    EXPECT_EQ(head[56], i) << "the sequence";
  }
}

TEST(KafkaReader, OwnsThePartitionsThatWereChosenByHand) {
  TestTopic topic;
  ASSERT_OK(Get(OpenKafkaWriter(topic.options()))->Append(Spread(0, 300)));
  const auto reader = Get(OpenKafkaReader(topic.options(), {.partitions = {{Partition(2)}}}));
  EXPECT_EQ(Get(reader->Poll(1, kPatience)).assigned, std::vector{Partition(2)});
  EXPECT_TRUE(reader->Seek({{Partition(1), Offset(0)}}).IsInvalid());
  ASSERT_OK(reader->Seek({{Partition(2), Offset(0)}}));
  const auto range = Get(reader->Ranges()).at(Partition(2));
  for (const Read& read : ReadSome(*reader, static_cast<std::size_t>(range.high - range.low))) {
    EXPECT_EQ(read.partition, Partition(2));
  }
  const auto beyond = OpenKafkaReader(topic.options(), {.partitions = {{Partition(3)}}});
  EXPECT_THAT(beyond.status().message(), HasSubstr("has no partition 3"));
}

TEST(KafkaReader, BringsRecordsWithoutTheirHeadersWhereNobodyAsksForThem) {
  TestTopic topic;
  const NewRecord record{"K", "v", TimestampMs(1), {{"h", "1"}}};
  ASSERT_OK(Get(OpenKafkaWriter(topic.options()))->Append({{record}}));
  for (const bool headers : {true, false}) {
    const auto reader = Get(OpenKafkaReader(topic.options(), {.headers = headers}));
    Start(*reader);
    const NewRecord read = ReadSome(*reader, 1).at(0).record;
    EXPECT_EQ(read.value, "v");
    EXPECT_EQ(read.headers, headers ? record.headers : std::vector<Header>());
  }
}

/// A producer of somebody else's, with transactions.
class Transactions {
 public:
  explicit Transactions(std::string topic) : topic_(std::move(topic)) {
    std::array<char, 512> text{};
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{"bootstrap.servers", ServiceVariable("PREGAO_TEST_KAFKA")},
          {"transactional.id", topic_},
          {"log_level", "0"}}) {
      EXPECT_EQ(rd_kafka_conf_set(conf, key.c_str(), value.c_str(), text.data(), text.size()), RD_KAFKA_CONF_OK);
    }
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
    Check(rd_kafka_init_transactions(handle_, 60'000));
  }
  ~Transactions() { rd_kafka_destroy(handle_); }

  void Send(int partition, const std::vector<std::string>& values, bool commit) {
    Check(rd_kafka_begin_transaction(handle_));
    for (const std::string& value : values) {
      rd_kafka_producev(handle_, RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(partition),
                        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    }
    EXPECT_EQ(rd_kafka_flush(handle_, 60'000), 0);
    Check(commit ? rd_kafka_commit_transaction(handle_, 60'000) : rd_kafka_abort_transaction(handle_, 60'000));
  }

 private:
  static void Check(rd_kafka_error_t* error) {
    EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
    if (error != nullptr) rd_kafka_error_destroy(error);
  }
  const std::string topic_;
  rd_kafka_t* handle_;
};

TEST(KafkaReader, SeesHolesWhereTransactionsLeftMarkersAndAbortedRecords) {
  TestTopic topic;
  Transactions others(topic.name());
  others.Send(1, {"a", "b"}, true);     // 0, 1 and the marker 2
  others.Send(1, {"no", "no"}, false);  // 3, 4 and the marker 5
  others.Send(1, {"c"}, true);          // 6 and the marker 7
  const auto reader = Get(OpenKafkaReader(topic.options()));
  Start(*reader);
  const auto got = ReadSome(*reader, 3);
  std::vector<std::pair<std::int64_t, std::string>> seen;
  for (const Read& read : got) seen.emplace_back(read.offset.value, *read.record.value);
  EXPECT_EQ(seen, (std::vector<std::pair<std::int64_t, std::string>>{{0, "a"}, {1, "b"}, {6, "c"}}));
  EXPECT_EQ(Get(reader->Ranges()).at(Partition(1)).high, Offset(8));
  Positions ended;
  for (int polls = 0; polls < 600 && !ended.contains(Partition(1)); ++polls) {
    ended = Get(reader->Poll(10, std::chrono::milliseconds(100))).ended;
  }
  EXPECT_EQ(ended[Partition(1)], Offset(8)) << "past the marker at the end";
  ASSERT_OK(reader->Seek({{Partition(1), Offset(4)}}));  // into a hole
  EXPECT_EQ(ReadSome(*reader, 1).at(0).offset, Offset(6));
}

TEST(KafkaReader, SaysWhatRetentionRemovedBeforeItCouldBeRead) {
  TestTopic topic;
  ASSERT_OK(Get(OpenKafkaWriter(topic.options()))->Append(Records("one key", 100)));
  const auto reader = Get(OpenKafkaReader(topic.options()));
  Start(*reader);
  const Partition partition = ReadSome(*reader, 100).front().partition;
  topic.admin().DeleteRecords(topic.name(), partition.value, 60);
  ASSERT_OK(reader->Seek({{partition, Offset(5)}}));
  const Polled gap = Get(reader->Poll(1000, kPatience));
  ASSERT_TRUE(gap.lost.contains(partition));
  EXPECT_EQ(gap.lost.at(partition).low, Offset(5));
  EXPECT_EQ(gap.lost.at(partition).high, Offset(60));
  std::vector<Read> rest;
  Append(gap.records, &rest);
  if (rest.empty()) rest = ReadSome(*reader, 40);
  EXPECT_EQ(rest.front().offset, Offset(60));
}

// The answer comes while the reader is being destroyed, earlier and later from one round to the next.
TEST(KafkaReader, MayBeClosedWhileItsPositionIsOutOfRange) {
  TestTopic topic(1);
  ASSERT_OK(Get(OpenKafkaWriter(topic.options()))->Append(Records("k", 10)));
  topic.admin().DeleteRecords(topic.name(), 0, 5);
  for (int round = 0; round < 200; ++round) {
    const auto reader = Get(OpenKafkaReader(topic.options()));
    (void)Get(reader->Poll(1, kPatience));
    ASSERT_OK(reader->Seek({{Partition(0), Offset(0)}}));
    (void)Get(reader->Poll(0, std::chrono::milliseconds(round % 5)));
  }
}

TEST(KafkaWriter, GoesOnWithTheTopicOfTheName) {
  TestTopic topic;
  const auto writer = Get(OpenKafkaWriter(topic.options()));
  ASSERT_OK(writer->Append(Records("key", 10)));
  topic.Recreate();
  ASSERT_OK(writer->Append(Records("key", 3)));
  const auto reader = Get(OpenKafkaReader(topic.options()));
  EXPECT_NE(reader->info().generation, writer->info().generation);
  Start(*reader);
  EXPECT_EQ(ReadSome(*reader, 3).front().offset, Offset(0));
}

TEST(KafkaWriter, GoesOnWithATopicThatHasFewerPartitionsThanBefore) {
  TestTopic topic(4);
  const auto writer = Get(OpenKafkaWriter(topic.options()));
  ASSERT_OK(writer->Append(Spread(0, 100)));
  topic.Recreate(2);
  int failures = 0;
  EXPECT_TRUE(Eventually([&] {
    const Status status = writer->Append(Spread(100, 100));
    failures += status.ok() ? 0 : 1;
    EXPECT_TRUE(status.ok() || status.IsIOError()) << status;  // what callers try again
    return status.ok();
  }));
  EXPECT_EQ(failures, 1) << "the partitions are gone, so another producer is started at once";
  const auto reader = Get(OpenKafkaReader(topic.options()));
  Start(*reader);
  const auto ranges = Get(reader->Ranges());
  std::size_t records = 0;
  for (const auto& [partition, range] : ranges) records += static_cast<std::size_t>(range.high - range.low);
  std::set<std::string> values;
  for (const Read& read : ReadSome(*reader, records)) {
    values.insert(*read.record.value);
    EXPECT_EQ(read.partition, Partitioner(2).Of(read.record.key));
  }
  EXPECT_EQ(values.size(), 100U);
}

TEST(KafkaTopic, IsCreatedWithTheWantedPartitionsOrNotAtAll) {
  KafkaTopicOptions options;
  options.brokers = ServiceVariable("PREGAO_TEST_KAFKA");
  options.name = UniqueName();
  options.create = false;
  const Status absent = OpenKafkaReader(options).status();
  EXPECT_TRUE(absent.IsKeyError()) << absent;
  EXPECT_THAT(absent.message(), HasSubstr(options.name));
  EXPECT_TRUE(OpenKafkaWriter(options).status().IsKeyError());
  options.create = true;
  options.partitions = 7;
  EXPECT_EQ(Get(OpenKafkaReader(options))->info().partitions, 7);
  options.partitions = 3;
  EXPECT_EQ(Get(OpenKafkaWriter(options))->info().partitions, 7) << "one that exists keeps its own";
  KafkaAdmin().DeleteTopic(options.name);

  options.name = UniqueName();
  options.replication = 3;
  const Status copies = OpenKafkaWriter(options).status();
  EXPECT_TRUE(copies.IsInvalid()) << copies;
  EXPECT_THAT(copies.message(), HasSubstr("new-topic.replication"));
}

TEST(KafkaWriter, NamesTheRecordThatTheBrokerWouldNotTake) {
  TestTopic topic;
  KafkaTopicOptions options = topic.options();
  options.properties.clear();  // librdkafka's own limit: 1 MB
  const auto writer = Get(OpenKafkaWriter(options));
  const std::vector<NewRecord> records = {Record("small", "v"), Record("huge", Noise(2'000'000, 1))};
  const Status status = writer->Append(records);
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), HasSubstr("'huge'"));
  EXPECT_THAT(status.message(), HasSubstr("message.max.bytes"));
  ASSERT_OK(writer->Append({{Record("small", "again")}}));
}

TEST(KafkaProperties, AreRefusedByNameWithTheRemedy) {
  KafkaTopicOptions options;
  options.brokers = ServiceVariable("PREGAO_TEST_KAFKA");
  options.name = UniqueName();
  const std::tuple<std::string, std::string, std::string> wrong[] = {
      {"compresion.type", "zstd", "did you mean 'compression.type'?"},
      {"group.id", "g", "set engine.group"},
      {"acks", "1", "acks cannot be set"},
      {"isolation.level", "read_uncommitted", "isolation.level cannot be set"},
      {"bootstrap.servers", "b:1", "kafka://"},
      {"security.protocol", "SASL", "security.protocol = \"SASL\""},
      {"linger.ms", "soon", "linger.ms"},
      {"partition.assignment.strategy", "cooperative-sticky", "use range or roundrobin"},
      {"group.protocol", "consumer", "classic group protocol"},
  };
  for (const auto& [name, value, part] : wrong) {
    options.properties = {{name, value}};
    for (const Status& status : {OpenKafkaWriter(options).status(), OpenKafkaReader(options).status()}) {
      EXPECT_TRUE(status.IsInvalid()) << name << ": " << status;
      EXPECT_THAT(status.message(), HasSubstr(part));
    }
  }
}

TEST(KafkaProperties, NeverShowASecret) {
  KafkaTopicOptions options;
  options.brokers = ServiceVariable("PREGAO_TEST_KAFKA");
  options.name = UniqueName();
  options.patience = std::chrono::seconds(1);
  for (const std::string name : {"ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.config"}) {
    EXPECT_TRUE(IsSecretProperty(name)) << name;
    options.properties = {{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "OAUTHBEARER"}, {name, "hunter2"}};
    EXPECT_THAT(OpenKafkaWriter(options).status().ToString(), Not(HasSubstr("hunter2"))) << name;
  }
  EXPECT_FALSE(IsSecretProperty("sasl.username"));
}

}  // namespace
}  // namespace pregao::topic::test
