// A broker that hangs, dies and comes back: errors within bounds, and then things go on.
#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/servers/kafka_testing.h"
#include "test/topic_tools.h"
#include "test/wait_testing.h"

extern char** environ;

namespace pregao::topic::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Ports of the loopback that nobody listens on.
std::vector<std::string> FreePorts(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::string> ports;
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(sockets.back(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(sockets.back(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    ports.push_back(std::to_string(ntohs(address.sin_port)));
  }
  for (const int s : sockets) close(s);
  return ports;
}

/// A broker of the test's own. Its folder goes with it.
class Broker {
 public:
  Broker() : folder_(std::filesystem::temp_directory_path() / UniqueName("pregao-broker")), ports_(FreePorts(4)) {
    std::filesystem::create_directories(folder_);
    Start();
  }
  ~Broker() {
    Signal(SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + ports_[0]; }
  void Signal(int number) { kill(pid_, number); }
  void Kill() {
    Signal(SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
  }
  /// What a leader does that never had the rest: the partition's records from `offset` on are gone.
  void Cut(const std::string& topic, std::int64_t offset) {
    const auto path = folder_ / "data" / (topic + "-0") / "00000000000000000000.log";
    std::filesystem::resize_file(path, BatchStart(path, offset));
  }
  void Start() {
    // Its log goes to a file by way of a shell: posix_spawn alone cannot append.
    const std::string log = (folder_ / fmt::format("broker{}.log", ++starts_)).string();
    const std::string command = fmt::format("exec {} {} {} >{} 2>&1", ServiceVariable("PREGAO_TEST_KAFKA_RUN"),
                                            folder_.string(), fmt::join(ports_, " "), log);
    const char* const arguments[] = {"bash", "-c", command.c_str(), nullptr};
    ASSERT_EQ(posix_spawnp(&pid_, "bash", nullptr, nullptr, const_cast<char* const*>(arguments), environ), 0);
    ASSERT_TRUE(Eventually([&] {
      std::ifstream file(log);
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      return text.find("Kafka Server started") != std::string::npos;
    }));
  }

 private:
  const std::filesystem::path folder_;
  const std::vector<std::string> ports_;
  pid_t pid_ = -1;
  int starts_ = 0;
};

TEST(KafkaOutage, EndsInBoundedErrorsAndIsOverWhenTheBrokerIsBack) {
  Broker broker;
  KafkaTopicOptions options;
  options.brokers = broker.address();
  options.name = "quotes";
  options.partitions = kPartitions;
  options.properties = {{"delivery.timeout.ms", "3000"}, {"reconnect.backoff.max.ms", "500"}};
  options.patience = std::chrono::seconds(30);
  const auto writer = Get(OpenKafkaWriter(options));
  const auto reader = Get(OpenKafkaReader(options));
  ASSERT_OK(writer->Append(Records("one key", 10)));
  Start(*reader);
  EXPECT_EQ(ReadSome(*reader, 10).size(), 10U);
  const auto goes_on = [&](int from) {
    // What the outage left in doubt may stand twice: the reader sees at least the new ones.
    EXPECT_TRUE(Eventually([&] { return writer->Append({{Record("one key", std::to_string(from))}}).ok(); }));
    bool seen = false;
    while (!seen) {
      const auto got = ReadSome(*reader, 1);
      if (got.empty()) break;
      seen = got.front().record.value == std::to_string(from);
    }
    EXPECT_TRUE(seen);
  };

  const auto leaving = Get(OpenKafkaWriter(options));
  broker.Signal(SIGSTOP);
  Status abandoned;
  std::jthread appender([&] { abandoned = leaving->Append(Records("one key", 1)); });
  leaving->Abandon();
  appender.join();
  EXPECT_TRUE(abandoned.IsIOError()) << abandoned;
  EXPECT_THAT(abandoned.message(), HasSubstr("no word")) << "it did not wait for delivery.timeout.ms";
  const Status hung = writer->Append(Records("one key", 1));
  EXPECT_TRUE(hung.IsIOError()) << hung;
  EXPECT_THAT(hung.message(), HasSubstr("delivery.timeout.ms"));
  EXPECT_TRUE(Get(reader->Poll(10, std::chrono::seconds(3))).records.empty()) << "a reader waits";
  broker.Signal(SIGCONT);
  goes_on(100);

  broker.Kill();
  const Status dead = writer->Append(Records("one key", 1));
  EXPECT_TRUE(dead.IsIOError()) << dead;
  EXPECT_TRUE(Get(reader->Poll(10, std::chrono::seconds(3))).records.empty());
  options.patience = std::chrono::seconds(2);
  const Status unreachable = OpenKafkaReader(options).status();
  EXPECT_TRUE(unreachable.IsIOError()) << unreachable;
  EXPECT_THAT(unreachable.message(), HasSubstr(broker.address()));
  broker.Start();
  goes_on(200);
}

TEST(KafkaOutage, ATailThatTheTopicLostIsToldThoughOthersStandInItsPlace) {
  Broker broker;
  KafkaTopicOptions options;
  options.brokers = broker.address();
  options.name = "quotes";
  options.partitions = 1;
  options.properties = {{"reconnect.backoff.max.ms", "500"}};
  options.patience = std::chrono::seconds(60);
  const auto reader = Get(OpenKafkaReader(options));
  Start(*reader);
  {
    const auto writer = Get(OpenKafkaWriter(options));
    for (int i = 0; i < 10; ++i) ASSERT_OK(writer->Append(Records("key", 1)));
  }
  EXPECT_EQ(ReadSome(*reader, 10).size(), 10U);
  broker.Kill();
  broker.Cut(options.name, 6);
  broker.Start();
  ASSERT_OK(Get(OpenKafkaWriter(options))->Append(Records("key", 8)));

  std::vector<Read> past;
  Status status;
  EXPECT_TRUE(Eventually([&] {
    const auto polled = reader->Poll(100, std::chrono::milliseconds(100));
    status = polled.status();
    if (polled.ok()) Append(polled->records, &past);
    return status.IsInvalid();
  })) << past.size()
      << " records were read behind those that nobody will read";
  EXPECT_THAT(status.message(), AllOf(HasSubstr("'quotes', partition 0"), HasSubstr("offset 10"),
                                      HasSubstr("has lost records"), HasSubstr("truncation")));
  EXPECT_TRUE(reader->Poll(100, std::chrono::milliseconds(100)).status().IsInvalid()) << "and it stays so";
}

}  // namespace
}  // namespace pregao::topic::test
