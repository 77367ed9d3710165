/// What a user is told when the topic file is not as it should be.
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "topic/local_test_file.h"
#include "topic/sqlite.h"

namespace pregao::topic::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void Execute(const std::string& path, const std::string& sql) {
  auto db = sqlite::Database::Open(path, sqlite::Database::Mode::kExisting, std::chrono::seconds(10));
  ASSERT_OK(db.status());
  ASSERT_OK(db->Exec(sql));
}

/// Writes a topic whose first record fills pages of its own, and leaves no WAL behind.
void WriteTopic(const LocalTestFile& file) {
  std::vector<NewRecord> records = {Record("key", Noise(200'000, 1))};
  for (int i = 0; i < 10; ++i) records.push_back(Record("key", "small"));
  ASSERT_OK(Get(OpenLocalWriter(file.options()))->Append(records));
}

Status FirstError(const LocalTopicOptions& options) {
  auto reader = OpenLocalReader(options);
  if (!reader.ok()) return reader.status();
  TRY((*reader)->Poll(1, kPatience));
  Positions start;
  for (const Partition partition : AllPartitions()) start[partition] = Offset(0);
  TRY((*reader)->Seek(start));
  TRY((*reader)->Poll(1000, kMoment));
  return Status::OK();
}

TEST(LocalDamage, RefusesAFileThatIsNoDatabase) {
  LocalTestFile file;
  std::ofstream(file.path()) << std::string(5000, 'x');
  for (const Status& status : {OpenLocalWriter(file.options()).status(), FirstError(file.Existing())}) {
    EXPECT_TRUE(status.IsInvalid()) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("is not a topic file")));
  }
  EXPECT_EQ(std::filesystem::file_size(file.path()), 5000U) << "it is somebody else's: untouched";
}

TEST(LocalDamage, RefusesAnotherProgramsDatabase) {
  LocalTestFile file;
  {
    auto db = sqlite::Database::Open(file.path(), sqlite::Database::Mode::kCreate, std::chrono::seconds(1));
    ASSERT_OK(db.status());
    ASSERT_OK(db->Exec("CREATE TABLE bookmarks(url TEXT)"));
  }
  const Status status = OpenLocalWriter(file.options()).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("another program")));
}

TEST(LocalDamage, RefusesAFolder) {
  LocalTestFile file;
  LocalTopicOptions options = file.options();
  options.path = file.folder().string();
  const Status status = OpenLocalWriter(options).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), HasSubstr("is a folder"));
}

TEST(LocalDamage, CannotMakeAFolderBelowAFile) {
  LocalTestFile file;
  std::ofstream(file.folder() / "file") << "x";
  LocalTopicOptions options = file.options();
  options.path = (file.folder() / "file" / "topic.db").string();
  const Status status = OpenLocalWriter(options).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(options.path));
}

TEST(LocalDamage, RefusesANewerSchema) {
  LocalTestFile file;
  WriteTopic(file);
  Execute(file.path(), "PRAGMA user_version=2");
  const Status status = OpenLocalWriter(file.options()).status();
  EXPECT_TRUE(status.IsNotImplemented()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("version 2"), HasSubstr("newer pregao")));
}

TEST(LocalDamage, NoticesAChangedByteOfAValue) {
  LocalTestFile file;
  WriteTopic(file);
  std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(bytes)), {});
  const std::size_t at = whole.find(Noise(200'000, 1).substr(100'000, 100));
  ASSERT_NE(at, std::string::npos);
  bytes.clear();
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.put(static_cast<char>(whole[at] ^ 1));
  bytes.close();
  const Status status = FirstError(file.Existing());
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("damaged"), HasSubstr("offset 0")));
}

TEST(LocalDamage, GivesAnErrorForEveryPageThatIsOverwritten) {
  LocalTestFile original;
  WriteTopic(original);
  const auto size = std::filesystem::file_size(original.path());
  int errors = 0;
  for (std::uintmax_t page = 0; page * 16384 < size; ++page) {
    LocalTestFile file;
    std::filesystem::copy(original.path(), file.path());
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(page * 16384));
    bytes << std::string(16384, '\x5a');
    bytes.close();
    const Status status = FirstError(file.Existing());  // never a crash; pages of empty tables may go unread
    if (status.ok()) continue;
    ++errors;
    EXPECT_THAT(status.message(), HasSubstr(file.path())) << "page " << page;
    EXPECT_TRUE(status.IsInvalid()) << "page " << page << ": " << status;
  }
  EXPECT_GT(errors, 10) << "of " << size / 16384 << " pages";
}

TEST(LocalDamage, GivesAnErrorForAFileCutShort) {
  LocalTestFile file;
  WriteTopic(file);
  std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
  const Status status = FirstError(file.Existing());
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("damaged")));
}

TEST(LocalDamage, NoticesThatTheFileWasRemovedOrReplaced) {
  LocalTestFile file;
  const auto writer = Get(OpenLocalWriter(file.options()));
  ASSERT_OK(writer->Append(Records("key", 1)));
  const auto reader = Get(OpenLocalReader(file.options()));
  Start(*reader);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.path() + suffix);
  const Status removed = writer->Append(Records("key", 1));
  EXPECT_TRUE(removed.IsInvalid()) << removed;
  EXPECT_THAT(removed.message(), HasSubstr("was removed"));
  WriteTopic(file);
  const Status replaced = reader->Poll(1, kPatience).status();
  EXPECT_TRUE(replaced.IsInvalid()) << replaced;
  EXPECT_THAT(replaced.message(), HasSubstr("was replaced"));
}

TEST(LocalDamage, SaysThatAnotherProcessHoldsTheLock) {
  LocalTestFile file;
  LocalTopicOptions options = file.options();
  options.busy_timeout = std::chrono::milliseconds(10);
  const auto writer = Get(OpenLocalWriter(options));
  const auto reader = Get(OpenLocalReader(options));
  Start(*reader);
  auto other = sqlite::Database::Open(file.path(), sqlite::Database::Mode::kExisting, std::chrono::seconds(1));
  ASSERT_OK(other.status());
  ASSERT_OK(other->Exec("BEGIN IMMEDIATE"));
  const Status status = writer->Append(Records("key", 1));
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("locked by another process")));
  ASSERT_OK(reader->Commit({{Partition(0), Offset(0)}}));  // advisory: dropped
  EXPECT_TRUE(Get(reader->Poll(1, kMoment)).records.empty()) << "readers go on";
  ASSERT_OK(other->Exec("ROLLBACK"));
  ASSERT_OK(writer->Append(Records("key", 1)));
  EXPECT_EQ(Count(*reader), 1) << "the failed append left nothing";
}

/// Runs `body` in a child process and returns its exit code, or -1 when it died.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int state = 0;
  EXPECT_EQ(waitpid(child, &state, 0), child);
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

TEST(LocalDamage, TellsWhoMayNotWriteSo) {
  LocalTestFile file;
  WriteTopic(file);
  std::filesystem::permissions(file.folder(), std::filesystem::perms{0755});
  std::filesystem::permissions(file.path(), std::filesystem::perms{0600});
  const bool root = geteuid() == 0;
  if (!root) std::filesystem::permissions(file.path(), std::filesystem::perms::none);
  EXPECT_EQ(InChild([&] {
              if (root && seteuid(65534) != 0) return 1;
              const Status status = OpenLocalWriter(file.options()).status();
              if (!status.IsIOError() || status.message().find(file.path()) == std::string::npos) return 2;
              return status.message().find("may read and write") == std::string::npos ? 3 : 0;
            }),
            0);
  if (!root) return;  // a user cannot give a file away
  std::filesystem::permissions(file.path(), std::filesystem::perms{0644});
  EXPECT_EQ(InChild([&] {
              if (seteuid(65534) != 0) return 1;
              const Status status = OpenLocalWriter(file.options()).status();
              return status.IsIOError() && status.message().find("write permission") != std::string::npos ? 0 : 2;
            }),
            0);
}

/// A limit of the file's size stands in for a full disk: both fail in the middle of a transaction.
TEST(LocalDamage, LosesNothingAcknowledgedWhenTheDiskIsFull) {
  LocalTestFile file;
  const int code = InChild([&] {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    auto writer = OpenLocalWriter(file.options());
    if (!writer.ok()) return 1;
    rlimit limit{4 << 20, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    int acknowledged = 0;
    Status status;
    while (status.ok() && acknowledged < 1000) {
      status = (*writer)->Append({{Record("key", Noise(100'000, acknowledged))}});
      if (status.ok()) ++acknowledged;
    }
    if (!status.IsIOError() || status.message().find(file.path()) == std::string::npos) return 3;
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 4;
    if (!(*writer)->Append({{Record("key", "after")}}).ok()) return 5;
    return 100 + acknowledged;
  });
  ASSERT_GT(code, 110) << "and less than 155 appends of 100 kB fit";
  ASSERT_LT(code, 155);
  const auto reader = Get(OpenLocalReader(file.Existing()));
  Start(*reader);
  const auto acknowledged = static_cast<std::size_t>(code - 100);
  const auto got = ReadSome(*reader, acknowledged + 1);
  ASSERT_EQ(Count(*reader), static_cast<std::int64_t>(acknowledged) + 1);
  for (std::size_t i = 0; i < acknowledged; ++i)
    EXPECT_TRUE(*got[i].record.value == Noise(100'000, static_cast<int>(i)));
  EXPECT_EQ(got.back().record.value, "after");
}

TEST(SqliteError, NamesTheRemedyOfAFullDisk) {
  LocalTestFile file;
  auto db = sqlite::Database::Open(file.path(), sqlite::Database::Mode::kCreate, std::chrono::seconds(1));
  ASSERT_OK(db.status());
  ASSERT_OK(db->Exec("CREATE TABLE t(b BLOB); PRAGMA max_page_count=3"));
  const Status status = db->Exec("INSERT INTO t VALUES(zeroblob(1000000))");
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(file.path()), HasSubstr("disk is full"), HasSubstr("free some space")));
}

TEST(LocalOptions, RefusesNamesAndCountsThatNoTopicHas) {
  LocalTestFile file;
  for (const std::string name : {"", ".", "..", "a b", "a/b", "ações"}) {
    LocalTopicOptions options = file.options();
    options.name = name;
    EXPECT_TRUE(OpenLocalWriter(options).status().IsInvalid()) << name;
  }
  for (const int partitions : {0, -1, 1025}) {
    LocalTopicOptions options = file.options();
    options.partitions = partitions;
    EXPECT_TRUE(OpenLocalWriter(options).status().IsInvalid()) << partitions;
  }
  EXPECT_FALSE(std::filesystem::exists(file.path()));
}

}  // namespace
}  // namespace pregao::topic::test
