#pragma once
/// Two writers that commit on each version of a table at the same moment.
#include <array>
#include <barrier>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lake/table.h"

#include "test/lake_tools.h"

namespace pregao::lake::test {

/// Of two rivals with a store each, exactly one commits, `commits` times over; the other is fenced. `clock` must
/// outlive the call.
inline void RaceTwoWriters(const std::function<std::shared_ptr<ObjectStore>()>& open, std::int64_t commits,
                           const Clock* clock) {
  ASSERT_OK(Table::OpenOrCreate(open(), "t", QuoteSpec(), clock).status());
  std::barrier together(2);
  std::array<std::vector<bool>, 2> won;
  {
    std::array<std::jthread, 2> rivals;
    for (std::size_t me = 0; me < 2; ++me) {
      rivals[me] = std::jthread([&, me] {
        const auto table = Table::Open(open(), "t", clock).ValueOrDie();
        for (std::int64_t at = 0; at < commits; ++at) {
          const auto base = table->Refresh().ValueOrDie();
          together.arrive_and_wait();
          const auto name = std::to_string(me) + "-" + std::to_string(at);
          const auto from = at == 0 ? std::nullopt : std::optional(at);
          const auto result = table->Commit(base, Append(name, from, at + 1)).ValueOrDie();
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
  const auto snapshot = Table::Open(open(), "t", clock).ValueOrDie()->snapshot();
  const auto names = FileNames(*snapshot);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
  EXPECT_EQ(snapshot->positions.at("app"), commits);
  EXPECT_EQ(snapshot->version, TableVersion(commits));
}

}  // namespace pregao::lake::test
