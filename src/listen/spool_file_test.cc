/// A spool's file that is not as it should be, and a cluster that refuses us.
#include "listen/spool_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "listen/listen_testing.h"
#include "listen/spool.h"
#include "topic/refusal.h"
#include "topic/rules.h"
#include "topic/sqlite.h"

#include "test/lake_tools.h"
#include "test/wait_testing.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using topic::NewRecord;

NewRecord Quote(int number) { return {"A", std::to_string(number), TimestampMs(1'700'000'000'000 + number), {}}; }

std::vector<std::string> Values(const std::vector<NewRecord>& records) {
  std::vector<std::string> values;
  for (const NewRecord& record : records) values.push_back(record.value.value_or(""));
  return values;
}

class SpoolFileTest : public ::testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/spool.db"; }
  void Execute(const std::string& sql) const {
    auto db = topic::sqlite::Database::Open(Path(), topic::sqlite::Database::Mode::kExisting, std::chrono::seconds(10));
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_OK(db->Exec(sql));
  }
  /// The chunk of the second append cannot be read; and can again.
  void Damage() const { Execute("UPDATE chunk_1_0 SET checksum = checksum + 1 WHERE base = 1"); }
  void Mend() const { Execute("UPDATE chunk_1_0 SET checksum = checksum - 1 WHERE base = 1"); }

  Spool::OpenTopic Opener() {
    class Writer final : public topic::TopicWriter {
     public:
      explicit Writer(KeepingTopic* topic) : topic_(topic) {}
      Status Append(std::span<const NewRecord> records) override { return topic_->Append(records); }
      const topic::TopicInfo& info() const override { return topic_->info(); }

     private:
      KeepingTopic* const topic_;
    };
    return [this]() -> Result<std::unique_ptr<topic::TopicWriter>> { return std::make_unique<Writer>(&topic_); };
  }
  std::unique_ptr<Spool> Open(const std::string& address) {
    auto room = SpoolRoom::Open(Path(), 1 << 30).ValueOrDie();
    return Spool::Create({.address = address, .retry_min = milliseconds(1), .retry_max = milliseconds(5)}, room,
                         Opener(), &clock_)
        .ValueOrDie();
  }

  lake::test::TemporaryFolder folder_;
  ManualClock clock_{TimestampMs(1'790'000'000'000)};
  KeepingTopic topic_;
};

TEST_F(SpoolFileTest, AddressesThatAreTooLongForANameKeepTheirOwn) {
  std::string brokers = "kafka://broker-0.example:9092";
  while (brokers.size() < 250) brokers += ",broker-" + std::to_string(brokers.size()) + ".example:9092";
  const std::string quotes = brokers + "/quotes", dead_letter = quotes + ".dead-letter";
  EXPECT_NE(SpoolName(quotes), SpoolName(dead_letter));
  EXPECT_EQ(SpoolName(quotes), SpoolName(quotes));
  for (const std::string& address : {quotes, dead_letter}) {
    EXPECT_TRUE(topic::CheckTopicName(SpoolName(address)).ok()) << SpoolName(address);
    EXPECT_THAT(SpoolName(address), testing::StartsWith("kafka___broker-0.example_9092_broker-"));
  }
  EXPECT_EQ(SpoolName("kafka://host:9092/quotes"), "kafka___host_9092_quotes") << "as in files of before";
  EXPECT_EQ(SpoolName(std::string(249, 'x')), std::string(249, 'x'));
  EXPECT_EQ(SpoolName(std::string(250, 'x')).size(), 249U);

  topic_.Refuse(Status::IOError("no broker answers"));
  ASSERT_OK(Open(dead_letter)->Append({{Quote(1)}}));
  topic_.Refuse(Status::OK());
  ASSERT_OK(Open(quotes)->Append({{Quote(2)}}));
  EXPECT_THAT(Values(topic_.records()), ElementsAre("2")) << "the other's records wait for the other";
}

TEST_F(SpoolFileTest, WhatCouldNotBeReadIsReadLater) {
  const auto file = SpoolFile::Open(Path(), "quotes").ValueOrDie();
  for (int i = 0; i < 3; ++i) ASSERT_OK(file->Append({{Quote(i)}}));
  Damage();
  EXPECT_FALSE(file->Next(10).ok());
  Mend();
  EXPECT_THAT(Values(file->Next(10).ValueOrDie()), ElementsAre("0", "1", "2"));
}

TEST_F(SpoolFileTest, RecordsThatAnotherTookAwayAreMissed) {
  const auto file = SpoolFile::Open(Path(), "quotes").ValueOrDie();
  for (int i = 0; i < 3; ++i) ASSERT_OK(file->Append({{Quote(i)}}));
  topic::LocalTopicOptions options;
  options.path = Path();
  options.name = "quotes";
  options.partitions = 1;
  ASSERT_TRUE(topic::TrimLocalTopic(options, {{Partition(0), Offset(2)}}).ok());
  for (int i = 0; i < 2; ++i) {
    const Status status = file->Next(10).status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(Path()), HasSubstr("2 records"))) << "as often as it is asked";
  }
  EXPECT_EQ(SpoolFile::Open(Path(), "quotes").ValueOrDie()->left_records(), 1) << "the next process goes on";
}

TEST_F(SpoolFileTest, ADamagedSpoolIsNotATopicThatRefuses) {
  topic_.Refuse(Status::IOError("no broker answers"));
  const auto spool = Open("a");
  ASSERT_OK(spool->Append({{Quote(0)}}));
  ASSERT_TRUE(Eventually([&] { return topic_.calls() > 2; }));  // the first one is out of the file
  ASSERT_OK(spool->Append({{Quote(1)}}));
  Damage();
  topic_.Refuse(Status::OK());
  Status status;
  ASSERT_TRUE(Eventually([&] { return !(status = spool->Append({{Quote(2)}})).ok(); }));
  for (const std::string& said : {status.message(), spool->stats().problem}) {
    EXPECT_THAT(said, AllOf(HasSubstr("the spool " + Path()), HasSubstr("damaged"), Not(HasSubstr("topic quotes"))));
  }
  Mend();
  ASSERT_TRUE(Eventually([&] { return spool->stats().waiting == 0; }));
  EXPECT_THAT(Values(topic_.records()), testing::Contains("1"));
}

TEST_F(SpoolFileTest, WhatIsHeardWaitsWhileTheClusterRefusesUs) {
  const auto spool = Open("a");
  topic_.Refuse(topic::RefusalOfUs(Status::Invalid("grant the principal WRITE")));
  for (int i = 0; i < 3; ++i) ASSERT_OK(spool->Append({{Quote(i)}}));
  ASSERT_TRUE(Eventually([&] { return topic_.calls() > 3; }));
  ASSERT_OK(spool->Append({{Quote(3)}}));
  EXPECT_EQ(spool->stats().waiting, 4U);
  EXPECT_THAT(spool->stats().problem, HasSubstr("WRITE"));
  topic_.Refuse(Status::OK());
  ASSERT_TRUE(Eventually([&] { return spool->stats().waiting == 0; }));
  EXPECT_THAT(Values(topic_.records()), ElementsAre("0", "1", "2", "3"));
}

}  // namespace
}  // namespace pregao::listen
