/// Several processes on one topic file, and processes that die.
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topic/local_test_file.h"

namespace pregao::topic::test {
namespace {

/// A forked process whose body may send numbers to its parent. Killed at the end if it still runs.
class Child {
 public:
  explicit Child(const std::function<int(int pipe)>& body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      _exit(body(ends[1]));
    }
    close(ends[1]);
    read_end_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) Kill();
    close(read_end_);
  }

  /// The next number that the child sent; nullopt when it has ended and all were read.
  std::optional<std::int64_t> Receive() {
    std::int64_t number = 0;
    return read(read_end_, &number, sizeof number) == sizeof number ? std::optional(number) : std::nullopt;
  }
  static void Send(int pipe, std::int64_t number) {
    if (write(pipe, &number, sizeof number) != sizeof number) _exit(99);
  }
  void Kill() {
    kill(pid_, SIGKILL);
    (void)Wait();
  }
  int Wait() {
    int state = 0;
    EXPECT_EQ(waitpid(std::exchange(pid_, -1), &state, 0) > 0, true);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
  }

 private:
  pid_t pid_ = -1;
  int read_end_ = -1;
};

std::vector<NewRecord> Numbered(std::int64_t from, std::int64_t count, const std::string& prefix = "key") {
  std::vector<NewRecord> records;
  for (std::int64_t i = from; i < from + count; ++i) {
    records.push_back(Record(prefix + std::to_string(i % 17), std::to_string(i)));
  }
  return records;
}

TEST(LocalProcess, ReadsWhatAnotherProcessAppends) {
  LocalTestFile file;
  (void)Get(OpenLocalWriter(file.options()));
  const Child child([&](int) {
    auto writer = OpenLocalWriter(file.options());
    for (std::int64_t i = 0; writer.ok() && i < 50; ++i) {
      if (!(*writer)->Append(Numbered(i * 20, 20)).ok()) return 1;
    }
    return writer.ok() ? 0 : 2;
  });
  const auto reader = Get(OpenLocalReader(file.Existing()));
  Start(*reader);
  std::set<std::string> values;
  for (const Read& read : ReadSome(*reader, 1000)) values.insert(*read.record.value);
  EXPECT_EQ(values.size(), 1000U);
}

TEST(LocalProcess, CreatesOneTopicWhenManyProcessesBeginAtOnce) {
  LocalTestFile file;
  std::vector<std::unique_ptr<Child>> children;
  for (int c = 0; c < 6; ++c) {
    children.push_back(std::make_unique<Child>([&, c](int pipe) {
      auto writer = OpenLocalWriter(file.options());
      if (!writer.ok()) {
        ADD_FAILURE() << writer.status();
        return 1;
      }
      for (int i = 0; i < 20; ++i) {
        if (!(*writer)->Append(Numbered(i, 1, "c" + std::to_string(c) + "-")).ok()) return 2;
      }
      Child::Send(pipe, static_cast<std::int64_t>(std::hash<std::string>()((*writer)->info().generation)));
      return 0;
    }));
  }
  std::set<std::int64_t> generations;
  for (const auto& child : children) {
    generations.insert(child->Receive().value_or(0));
    EXPECT_EQ(child->Wait(), 0);
  }
  EXPECT_EQ(generations.size(), 1U);
  const auto reader = Get(OpenLocalReader(file.Existing()));
  Start(*reader);
  std::map<Partition, Offset> next;
  for (const Read& read : ReadSome(*reader, 120)) {
    EXPECT_EQ(read.offset, next[read.partition]);
    next[read.partition] = read.offset + 1;
  }
  EXPECT_EQ(Count(*reader), 120);
}

TEST(LocalProcess, KeepsEveryAcknowledgedRecordOfAProcessThatIsKilled) {
  LocalTestFile file;
  std::int64_t before = 0;
  for (const int kill_after : {1, 3, 10, 40}) {
    Child child([&](int pipe) {
      auto writer = OpenLocalWriter(file.options());
      for (std::int64_t i = before; writer.ok(); i += 100) {
        if (!(*writer)->Append(Numbered(i, 100)).ok()) return 1;
        Child::Send(pipe, i + 100);
      }
      return 2;
    });
    std::int64_t acknowledged = 0;
    for (int i = 0; i < kill_after; ++i) acknowledged = child.Receive().value();
    child.Kill();
    while (const auto late = child.Receive()) acknowledged = *late;

    const auto reader = Get(OpenLocalReader(file.Existing()));
    Start(*reader);
    const std::int64_t there = Count(*reader);
    EXPECT_GE(there, acknowledged);
    EXPECT_LE(there, acknowledged + 100) << "at most the append that was under way";
    EXPECT_EQ(there % 100, 0) << "all of an append or none of it";
    std::set<std::int64_t> values;
    std::map<Partition, Offset> next;
    for (const Read& read : ReadSome(*reader, static_cast<std::size_t>(there))) {
      EXPECT_TRUE(values.insert(std::stoll(*read.record.value)).second);
      EXPECT_EQ(read.offset, next[read.partition]);
      next[read.partition] = read.offset + 1;
    }
    EXPECT_EQ(*values.rbegin(), there - 1);
    before = there;
  }
}

TEST(LocalProcess, GoesOnReadingWhileItsWriterIsKilledAgainAndAgain) {
  LocalTestFile file;
  const auto reader = Get(OpenLocalReader(file.options()));
  Start(*reader);
  std::map<Partition, Offset> next;
  for (int round = 0; round < 5; ++round) {
    Child child([&](int pipe) {
      auto writer = OpenLocalWriter(file.options());
      while (writer.ok()) {
        if (!(*writer)->Append(Numbered(0, 50)).ok()) return 1;
        Child::Send(pipe, 50);
      }
      return 2;
    });
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(child.Receive());
    for (const Read& read : ReadSome(*reader, 150)) {
      EXPECT_EQ(read.offset, next[read.partition]);
      next[read.partition] = read.offset + 1;
    }
    child.Kill();
  }
}

}  // namespace
}  // namespace pregao::topic::test
