// Every store does what a store must do.
#include "test/store_conformance.h"

#include "lake/counting_store.h"
#include "lake/faulty_store.h"
#include "lake/gcs_store.h"
#include "lake/local_store.h"
#include "lake/memory_store.h"

#include "test/fake_gcs.h"
#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using pregao::test::FakeGcs;
using pregao::test::GcsFault;
using pregao::test::ServedRequest;

/// A bucket of its own for each test, with `plan`'s faults; gone when the program ends.
std::shared_ptr<ObjectStore> NewBucket(const std::string& uri, FakeGcs::Plan plan) {
  static const SystemClock clock;
  static std::vector<std::unique_ptr<FakeGcs>> servers;
  servers.push_back(std::make_unique<FakeGcs>());
  servers.back()->set_plan(std::move(plan));
  GcsOptions options;
  options.emulator = servers.back()->url();
  options.page_size = 3;
  options.upload_chunk = 256u << 10;
  options.retry.wait = [](std::chrono::milliseconds) {};
  options.retry.max_attempts = 1000;
  options.retry.total = std::chrono::hours(100);
  return GcsStore::Open(uri, options, &clock).ValueOrDie();
}

/// Of seven requests about five fail, each in its way; every call must be right in the end.
GcsFault FiveOfSeven(const ServedRequest& request) {
  constexpr GcsFault kFaults[] = {GcsFault::kNone,      GcsFault::kBusy, GcsFault::kDoneDrop, GcsFault::kDrop,
                                  GcsFault::kDoneError, GcsFault::kNone, GcsFault::kTooFast};
  return kFaults[(static_cast<std::uint64_t>(request.number) * 2654435761u >> 16) % 7];  // in no rhythm
}

INSTANTIATE_TEST_SUITE_P(Local, StoreConformance, testing::Values([] {
                           // One folder a test; gone when the program ends.
                           static std::vector<std::unique_ptr<test::TemporaryFolder>> folders;
                           folders.push_back(std::make_unique<test::TemporaryFolder>());
                           return LocalStore::Open(folders.back()->path()).ValueOrDie();
                         }));
INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values([] { return std::make_shared<MemoryStore>(); }));
INSTANTIATE_TEST_SUITE_P(Counting, StoreConformance, testing::Values([] {
                           return std::make_shared<CountingStore>(std::make_shared<MemoryStore>());
                         }));
INSTANTIATE_TEST_SUITE_P(FaultyWithoutFaults, StoreConformance, testing::Values([] {
                           return std::make_shared<FaultyStore>(std::make_shared<MemoryStore>());
                         }));

INSTANTIATE_TEST_SUITE_P(Gcs, StoreConformance,
                         testing::Values([] { return NewBucket("gs://lake/pre/fix", nullptr); }));
INSTANTIATE_TEST_SUITE_P(GcsWithFaults, StoreConformance,
                         testing::Values([] { return NewBucket("gs://lake", FiveOfSeven); }));

}  // namespace
}  // namespace pregao::lake
