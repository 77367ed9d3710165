/// The lake in Google Cloud Storage, as fake-gcs-server plays it (setup/services/gcs.sh).
#include <array>
#include <barrier>
#include <cstdlib>
#include <set>
#include <thread>
#include <unistd.h>

#include "lake/gcs_store.h"

#include "test/lake_tools.h"
#include "test/store_conformance.h"

namespace pregao::lake {
namespace {

const SystemClock kClock;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run `make test-servers`");
  return value;
}

/// A prefix of its own in the bucket.
std::shared_ptr<ObjectStore> OpenAt(const std::string& prefix) {
  GcsOptions options;
  options.emulator = Variable("PREGAO_TEST_GCS");
  options.upload_chunk = 256u << 10;
  options.page_size = 3;
  return GcsStore::Open("gs://" + Variable("PREGAO_TEST_GCS_BUCKET") + "/" + prefix, options, &kClock).ValueOrDie();
}

std::string NewPrefix() {
  static std::atomic<int> count = 0;
  return "test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

INSTANTIATE_TEST_SUITE_P(FakeGcsServer, StoreConformance, testing::Values([] { return OpenAt(NewPrefix()); }));

TEST(GcsServer, ALargeObjectGoesUpInPiecesAndComesBackWhole) {
  const auto store = OpenAt(NewPrefix());
  std::string bytes(5 * (256u << 10) + 11, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i % 251);
  EXPECT_EQ(*store->PutIfAbsent("large", bytes), PutOutcome::kCreated);
  EXPECT_EQ(*store->PutIfAbsent("large", "other"), PutOutcome::kExists);
  EXPECT_EQ(*store->PutIfAbsent("large", bytes), PutOutcome::kExists);
  EXPECT_TRUE(*store->Get("large") == bytes);
  EXPECT_EQ(*store->GetRange("large", 300'000, 5), bytes.substr(300'000, 5));
}

/// Two writers commit on each version at once: one is committed, the other is fenced.
TEST(GcsServer, OfTwoRivalsAtEachVersionOneCommits) {
  const char* const wanted = std::getenv("PREGAO_RACE_COMMITS");
  const std::int64_t commits = wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 100;
  const std::string prefix = NewPrefix();
  ASSERT_OK(Table::OpenOrCreate(OpenAt(prefix), "t", test::QuoteSpec(), &kClock).status());
  std::barrier together(2);
  std::array<std::vector<bool>, 2> won;
  {
    std::array<std::jthread, 2> rivals;
    for (std::size_t me = 0; me < 2; ++me) {
      rivals[me] = std::jthread([&, me] {
        const auto table = Table::Open(OpenAt(prefix), "t", &kClock).ValueOrDie();
        for (std::int64_t at = 0; at < commits; ++at) {
          const auto base = table->Refresh().ValueOrDie();
          together.arrive_and_wait();
          const auto name = std::to_string(me) + "-" + std::to_string(at);
          const auto from = at == 0 ? std::nullopt : std::optional(at);
          const auto result = table->Commit(base, test::Append(name, from, at + 1)).ValueOrDie();
          won[me].push_back(result.outcome == CommitOutcome::kCommitted);
          together.arrive_and_wait();
        }
      });
    }
  }
  std::set<std::string> expected;
  for (std::size_t at = 0; at < static_cast<std::size_t>(commits); ++at) {
    ASSERT_NE(won[0][at], won[1][at]) << at;
    expected.insert(std::to_string(won[0][at] ? 0 : 1) + "-" + std::to_string(at));
  }
  const auto snapshot = Table::Open(OpenAt(prefix), "t", &kClock).ValueOrDie()->snapshot();
  const auto names = test::FileNames(*snapshot);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
  EXPECT_EQ(snapshot->positions.at("app"), commits);
  EXPECT_EQ(snapshot->version, TableVersion(commits));
}

}  // namespace
}  // namespace pregao::lake
