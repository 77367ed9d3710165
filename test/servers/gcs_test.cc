/// The lake in Google Cloud Storage, as fake-gcs-server plays it (setup/services/gcs.sh).
#include <cstdlib>
#include <unistd.h>

#include "lake/gcs_store.h"

#include "test/race_testing.h"
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

TEST(GcsServer, OfTwoRivalsAtEachVersionOneCommits) {
  const std::string prefix = NewPrefix();
  test::RaceTwoWriters([&] { return OpenAt(prefix); }, 1'000, &kClock);
}

}  // namespace
}  // namespace pregao::lake
