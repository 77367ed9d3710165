#include "lake/local_store.h"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lake/faulty_store.h"
#include "lake/local_file.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

class LocalStoreTest : public testing::Test {
 protected:
  std::shared_ptr<ObjectStore> Open() { return LocalStore::Open(folder_.path()).ValueOrDie(); }
  TemporaryFolder folder_;
};

TEST_F(LocalStoreTest, CreatesItsFolderAndNamesItAbsolutely) {
  const std::string path = folder_.path() + "/a/b/../lake/";
  const auto store = LocalStore::Open(path);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->uri(), folder_.path() + "/a/lake");
  EXPECT_TRUE(fs::is_directory(folder_.path() + "/a/lake"));
}

TEST_F(LocalStoreTest, WhatOneProcessPutAnotherGets) {
  ASSERT_TRUE(Open()->Put("a/b", "x").ok());
  EXPECT_EQ(*Open()->Get("a/b"), "x");
}

TEST_F(LocalStoreTest, TemporaryFilesAreNeverListedNorReachable) {
  fs::create_directories(folder_.path() + "/.pregao-tmp");
  std::ofstream(folder_.path() + "/.pregao-tmp/left-by-a-crash") << "half";
  const auto store = Open();
  ASSERT_TRUE(store->Put("k", "x").ok());
  const auto all = store->List("");
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at(0).path, "k");
  EXPECT_TRUE(store->Get(".pregao-tmp/left-by-a-crash").status().IsInvalid());
}

TEST_F(LocalStoreTest, OpenDeletesTemporariesOlderThanADayAndNoOthers) {
  const fs::path folder = folder_.path() + "/.pregao-tmp";
  fs::create_directories(folder);
  for (const char* name : {"old", "young"}) std::ofstream(folder / name) << "half";
  fs::last_write_time(folder / "old", fs::file_time_type::clock::now() - std::chrono::hours(25));
  (void)Open();
  EXPECT_FALSE(fs::exists(folder / "old"));
  EXPECT_TRUE(fs::exists(folder / "young"));
}

TEST_F(LocalStoreTest, AFolderThatVanishedIsAFaultAndIsNotMadeAnew) {
  const std::string root = folder_.path() + "/lake", away = folder_.path() + "/away";
  const auto store = LocalStore::Open(root).ValueOrDie();
  ASSERT_TRUE(store->Put("a/b", "x").ok());
  fs::rename(root, away);
  for (const bool unmounted : {false, true}) {
    if (unmounted) fs::create_directory(root);  // an empty mount point
    EXPECT_TRUE(store->Put("a/c", "x").IsIOError());
    EXPECT_TRUE(store->PutIfAbsent("a/c", "x").status().IsIOError());
    EXPECT_TRUE(store->Get("a/b").status().IsIOError()) << "not that the object is absent";
    EXPECT_TRUE(store->GetRange("a/b", 0, 1).status().IsIOError());
    EXPECT_TRUE(store->List("a/").status().IsIOError());
    EXPECT_FALSE(fs::exists(root + "/a"));
  }
  fs::remove(root);
  fs::rename(away, root);
  EXPECT_EQ(*store->Get("a/b"), "x");
  EXPECT_TRUE(store->Put("a/c", "x").ok());
}

TEST_F(LocalStoreTest, NoTemporaryIsLeftBehind) {
  const auto store = Open();
  ASSERT_TRUE(store->Put("k", "x").ok());
  ASSERT_EQ(*store->PutIfAbsent("l", "x"), PutOutcome::kCreated);
  ASSERT_EQ(*store->PutIfAbsent("l", "x"), PutOutcome::kExists);
  EXPECT_TRUE(fs::is_empty(folder_.path() + "/.pregao-tmp"));
}

TEST_F(LocalStoreTest, AFileWhereAFolderShouldBeIsAnErrorThatNamesIt) {
  std::ofstream(folder_.path() + "/file") << "x";
  const auto opened = LocalStore::Open(folder_.path() + "/file");
  ASSERT_TRUE(opened.status().IsIOError());
  EXPECT_THAT(opened.status().message(), testing::HasSubstr(folder_.path() + "/file"));
  EXPECT_TRUE(LocalStore::Open(folder_.path() + "/file/below").status().IsIOError());
  const Status put = Open()->Put("file/below", "x");
  EXPECT_TRUE(put.IsIOError());
  EXPECT_THAT(put.message(), testing::HasSubstr("/file"));
}

TEST_F(LocalStoreTest, AFolderWhereAnObjectShouldBeIsAnErrorNotExists) {
  fs::create_directories(folder_.path() + "/k");
  const auto put = Open()->PutIfAbsent("k", "x");
  ASSERT_TRUE(put.status().IsIOError()) << put.status();
  EXPECT_THAT(put.status().message(), testing::HasSubstr("something of another kind has that name"));
}

TEST_F(LocalStoreTest, ANameThatIsTooLongSaysWhatToDo) {
  const Status put = Open()->Put("ticker=" + std::string(300, 'x') + "/part", "x");
  ASSERT_TRUE(put.IsIOError());
  EXPECT_THAT(put.message(), testing::HasSubstr("partition by date alone"));
}

// The superuser may write everywhere, so the kernel's own refusals are what a test can rely on.
TEST_F(LocalStoreTest, AFolderThatNobodyMayWriteToIsAnErrorThatNamesIt) {
  const auto opened = LocalStore::Open("/proc/pregao-lake");
  ASSERT_TRUE(opened.status().IsIOError()) << opened.status();
  EXPECT_THAT(opened.status().message(), testing::HasSubstr("/proc"));
}

TEST(FileError, AFullDiskAndAMissingRightSayWhatToDo) {
  EXPECT_EQ(FileError("write", "x/y", ENOSPC).message(),
            "cannot write x/y: No space left on device; free some space, or move the lake to another disk");
  EXPECT_THAT(FileError("write", "x/y", EACCES).message(), testing::HasSubstr("give this user the right"));
  EXPECT_TRUE(FileError("write", "x/y", ENOSPC).IsIOError());
  EXPECT_TRUE(FileError("read", "x/y", ENOENT).IsKeyError());
}

/// In a process whose files may not grow beyond 4 KiB, as on a disk that fills up: exit code 0 when every expectation
/// holds.
int WriteBeyondTheLimit(ObjectStore* store) {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{4096, 4096};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
  const std::string large(100'000, 'x');
  if (!store->Put("k", large).IsIOError()) return 11;
  if (!store->PutIfAbsent("new", large).status().IsIOError()) return 12;
  return 0;
}

TEST_F(LocalStoreTest, AWriteThatFailsHalfwayLeavesTheOldObjectAndNothingElse) {
  const auto store = Open();
  ASSERT_TRUE(store->Put("k", "old").ok());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(WriteBeyondTheLimit(store.get()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(*store->Get("k"), "old");
  EXPECT_EQ(store->List("")->size(), 1u);
  EXPECT_TRUE(fs::is_empty(folder_.path() + "/.pregao-tmp"));
}

TEST_F(LocalStoreTest, OfTwoProcessesThatCreateOneObjectOneWins) {
  constexpr int kObjects = 200;
  const auto store = Open();
  std::array<pid_t, 2> children{};
  for (auto& child : children) {
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) continue;
    for (int i = 0; i < kObjects; ++i) {
      const auto outcome = store->PutIfAbsent("race/" + std::to_string(i), "x");
      if (!outcome.ok()) ::_exit(2);
      const std::string mine = "won-" + std::to_string(::getpid()) + "/" + std::to_string(i);
      if (*outcome == PutOutcome::kCreated && !store->Put(mine, "").ok()) ::_exit(3);
    }
    ::_exit(0);
  }
  for (const auto child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  EXPECT_EQ(store->List("race/")->size(), static_cast<std::size_t>(kObjects));
  EXPECT_EQ(store->List("won-")->size(), static_cast<std::size_t>(kObjects));
}

TEST(OpenStore, OpensAFolderByNameOrFileUri) {
  const TemporaryFolder folder;
  EXPECT_EQ((*OpenStore(folder.path() + "/x"))->uri(), folder.path() + "/x");
  EXPECT_EQ((*OpenStore("file://" + folder.path() + "/y"))->uri(), folder.path() + "/y");
  EXPECT_EQ((*OpenStore("memory:"))->uri(), "memory://");
}

TEST(OpenStore, RefusesWhatItDoesNotKnowByName) {
  EXPECT_TRUE(OpenStore("").status().IsInvalid());
  EXPECT_TRUE(OpenStore("s3://bucket/x").status().IsInvalid());
  EXPECT_THAT(OpenStore("s3://bucket/x").status().message(), testing::HasSubstr("s3://bucket/x"));
  EXPECT_TRUE(OpenStore("gs://b").status().IsInvalid());  // no name of a bucket
}

}  // namespace
}  // namespace pregao::lake
