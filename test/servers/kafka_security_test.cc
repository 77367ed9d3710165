// TLS, SASL and rights against a real broker: what is right works, what is wrong says what to mend, and no secret
// shows.
#include <fstream>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "listen/spool.h"

#include "test/lake_tools.h"
#include "test/servers/kafka_testing.h"
#include "test/topic_tools.h"
#include "test/wait_testing.h"

namespace pregao::topic::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Key(const std::string& file) { return ServiceVariable("PREGAO_TEST_KAFKA_KEYS") + "/" + file; }

std::string Password() {
  std::ifstream file(Key("password"));
  std::string word;
  file >> word;
  return word;
}

/// Collects what is logged while it lives.
class Log {
 public:
  Log() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_level(spdlog::level::trace);
    spdlog::set_default_logger(logger);
  }
  ~Log() { spdlog::set_default_logger(before_); }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  const std::shared_ptr<spdlog::logger> before_;
};

class KafkaSecurity : public ::testing::Test {
 protected:
  KafkaTopicOptions Sasl(const std::string& mechanism, const std::string& user, const std::string& password) {
    KafkaTopicOptions options = topic_.options();
    options.brokers = ServiceVariable("PREGAO_TEST_KAFKA_SASL");
    options.properties = {{"security.protocol", "SASL_SSL"},
                          {"ssl.ca.location", Key("ca.pem")},
                          {"sasl.mechanism", mechanism},
                          {"sasl.username", user},
                          {"sasl.password", password}};
    return options;
  }
  KafkaTopicOptions Tls(const std::string& ca) {
    KafkaTopicOptions options = topic_.options();
    options.brokers = ServiceVariable("PREGAO_TEST_KAFKA_SSL");
    options.properties = {{"security.protocol", "SSL"},
                          {"ssl.ca.location", Key(ca)},
                          {"ssl.certificate.location", Key("client.pem")},
                          {"ssl.key.location", Key("client.key")}};
    return options;
  }
  static void ExpectWorks(const KafkaTopicOptions& options) {
    ASSERT_OK(Get(OpenKafkaWriter(options))->Append(Records("key", 10)));
    const auto reader = Get(OpenKafkaReader(options));
    Start(*reader);
    EXPECT_EQ(ReadSome(*reader, 10).size(), 10U);
  }

  TestTopic topic_;
};

TEST_F(KafkaSecurity, LetsInByEveryMechanism) {
  for (const std::string mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    SCOPED_TRACE(mechanism);
    ExpectWorks(Sasl(mechanism, "pregao", Password()));
  }
}

TEST_F(KafkaSecurity, RefusesWrongCredentialsAtOnceAndSaysWhichToCheck) {
  const Log log;
  for (const std::string mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    for (const auto& [user, word] : {std::pair("pregao", "wrong-secret"), std::pair("nobody", "wrong-secret")}) {
      const auto options = Sasl(mechanism, user, word);
      for (const Status& status : {OpenKafkaWriter(options).status(), OpenKafkaReader(options).status()}) {
        EXPECT_TRUE(status.IsInvalid()) << mechanism << " " << status;
        EXPECT_THAT(status.message(), HasSubstr("sasl.password"));
        EXPECT_THAT(status.message(), Not(HasSubstr(word)));
      }
    }
  }
  EXPECT_THAT(log.text(), Not(HasSubstr("wrong-secret")));
}

TEST_F(KafkaSecurity, LetsInByCertificate) { ExpectWorks(Tls("ca.pem")); }

TEST_F(KafkaSecurity, RefusesABrokerOfAnotherAuthority) {
  const Status status = OpenKafkaWriter(Tls("other-ca.pem")).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), HasSubstr("ssl.ca.location"));
}

TEST_F(KafkaSecurity, IsRefusedWithoutACertificate) {
  KafkaTopicOptions options = Tls("ca.pem");
  options.properties.erase("ssl.certificate.location");
  options.properties.erase("ssl.key.location");
  options.patience = std::chrono::seconds(5);
  const Status status = OpenKafkaWriter(options).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), AnyOf(HasSubstr("certificate"), HasSubstr("SSL")));
}

TEST_F(KafkaSecurity, HintsAtTheProtocolWhenItIsAnother) {
  KafkaTopicOptions options = topic_.options();
  options.brokers = ServiceVariable("PREGAO_TEST_KAFKA_SSL");
  options.patience = std::chrono::seconds(5);
  EXPECT_THAT(OpenKafkaWriter(options).status().message(), HasSubstr("security.protocol"));
}

TEST_F(KafkaSecurity, SaysWhichRightIsMissing) {
  KafkaTopicOptions options = Sasl("PLAIN", "reader", Password());
  KafkaAdmin& admin = topic_.admin();
  admin.Deny("reader", "topic", topic_.name(), "write");
  const auto writer = OpenKafkaWriter(options);
  const Status write = writer.ok() ? (*writer)->Append(Records("key", 1)) : writer.status();
  EXPECT_TRUE(write.IsInvalid()) << write;
  EXPECT_THAT(write.message(), HasSubstr("WRITE"));

  admin.Deny("reader", "group", topic_.name(), "read");
  const auto reader = OpenKafkaReader(options, {.group = topic_.name(), .join = true});
  Status joined = reader.status();
  for (int polls = 0; polls < 600 && joined.ok(); ++polls) {
    joined = (*reader)->Poll(1, std::chrono::milliseconds(100)).status();
  }
  EXPECT_TRUE(joined.IsInvalid()) << joined;
  EXPECT_THAT(joined.message(), HasSubstr("READ on the consumer group"));

  options.name = UniqueName();
  options.create = true;
  admin.Deny("reader", "topic", options.name, "create");
  admin.Deny("reader", "cluster", "kafka-cluster", "create");
  const Status created = OpenKafkaWriter(options).status();
  EXPECT_TRUE(created.IsInvalid()) << created;
  EXPECT_THAT(created.message(), AllOf(HasSubstr("cannot be created"), HasSubstr("CREATE")));
}

TEST_F(KafkaSecurity, AListenerWhoseRightIsTakenAwaySpools) {
  lake::test::TemporaryFolder folder;
  const SystemClock clock;
  const auto room = Get(listen::SpoolRoom::Open(folder.path() + "/spool.db", 1 << 20));
  const auto open = [options = Sasl("PLAIN", "reader", Password())] { return OpenKafkaWriter(options); };
  const auto spool = Get(listen::Spool::Create(
      {.name = topic_.name(), .address = "a", .patience = std::chrono::seconds(60)}, room, open, &clock));
  ASSERT_OK(spool->Append(Records("key", 1)));
  ASSERT_EQ(spool->stats().spooled, 0U);
  topic_.admin().Deny("reader", "topic", topic_.name(), "write");
  EXPECT_TRUE(Eventually([&] {
    const Status status = spool->Append(Records("key", 1));
    EXPECT_TRUE(status.ok()) << status;
    return !status.ok() || spool->stats().waiting > 0;
  })) << "the broker learns of it a moment later";
  EXPECT_TRUE(Eventually([&] { return spool->stats().problem.find("WRITE") != std::string::npos; }))
      << spool->stats().problem;
  ASSERT_OK(spool->Append(Records("key", 3)));
}

}  // namespace
}  // namespace pregao::topic::test
