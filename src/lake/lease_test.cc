#include "lake/lease.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lake/local_store.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const SystemClock kClock;

TEST(Lease, OneAtATime) {
  const auto store = std::make_shared<MemoryStore>();
  auto first = Lease::Take(store, "job", kClock).ValueOrDie();
  const Status second = Lease::Take(store, "job", kClock).status();
  EXPECT_TRUE(second.IsInvalid());
  EXPECT_THAT(second.message(), HasSubstr("process " + std::to_string(getpid())));
  ASSERT_OK(Lease::Take(store, "another", kClock).status());
  first.reset();
  ASSERT_OK(Lease::Take(store, "job", kClock).status());
  EXPECT_EQ(store->List("job/").ValueOrDie().size(), 1U) << "what came before is cleared away";
}

TEST(Lease, AProcessThatWasKilledIsFollowedAtOnce) {
  const test::TemporaryFolder folder;
  const auto store = OpenStore(folder.path()).ValueOrDie();
  const pid_t child = fork();
  if (child == 0) _exit(Lease::Take(store, "job", kClock).ValueOrDie() == nullptr ? 1 : 0);  // kept, as by kill -9
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_OK(Lease::Take(store, "job", kClock).status());
}

TEST(Lease, AHolderOnAnotherMachineIsAskedAfter) {
  const auto store = std::make_shared<MemoryStore>();
  ASSERT_OK(store->Put("job/000000000004", "host=there\nmachine=its\npid=7\nstart=1\nsince=0\n"));
  const Status status = Lease::Take(store, "job", kClock).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), AllOf(HasSubstr("process 7 on there"), HasSubstr("--take-over")));
  const auto lease = Lease::Take(store, "job", kClock, /*take_over=*/true).ValueOrDie();
  EXPECT_FALSE(Lease::Take(store, "job", kClock).ok());
}

TEST(Lease, OfRivalsOneWins) {
  const auto store = std::make_shared<MemoryStore>();
  std::atomic<int> inside = 0, taken = 0, together = 0;
  {
    std::vector<std::jthread> rivals;
    for (int i = 0; i < 4; ++i) {
      rivals.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto lease = Lease::Take(store, "job", kClock);
          if (!lease.ok()) continue;
          ++taken;
          if (++inside > 1) ++together;
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(together, 0);
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace pregao::lake
