/// Which files are packed together, and which are left alone.
#include "lake/pack_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <set>

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMiB = 1 << 20;

std::shared_ptr<DataFile> File(const std::string& name, std::int64_t size, const std::string& date = "2026-11-24",
                               std::int64_t rows = 1) {
  return std::make_shared<DataFile>(
      DataFile{name, {{"date", date}}, size, TimestampMs(1), fmt::format(R"({{"numRecords":{}}})", rows)});
}

std::vector<std::vector<std::string>> Plan(const std::vector<std::shared_ptr<const DataFile>>& files,
                                           const PackRule& open = {}, const PackRule& closed = {},
                                           const PackLimits& limits = {128 * kMiB}) {
  Snapshot snapshot;
  snapshot.files = files;
  std::vector<std::vector<std::string>> names;
  for (const Bin& bin : PlanBins(snapshot, limits, open, closed, "2026-11-24")) {
    auto& of = names.emplace_back();
    for (const auto& file : bin.files) of.push_back(file->path);
  }
  return names;
}

TEST(PackPlan, FilesOfAPartitionAreBinnedInTheOrderInWhichTheyCame) {
  EXPECT_THAT(Plan({File("c", 3), File("a", 1), File("b", 2)}), ElementsAre(ElementsAre("c", "a", "b")));
}

TEST(PackPlan, PartitionsAreNeverMixed) {
  EXPECT_THAT(Plan({File("a", 1, "2026-11-23"), File("b", 1), File("c", 1, "2026-11-23"), File("d", 1)}),
              ElementsAre(ElementsAre("a", "c"), ElementsAre("b", "d")));
  EXPECT_THAT(Plan({File("a", 1, "2026-11-23"), File("b", 1)}), IsEmpty()) << "one file is packed already";
}

TEST(PackPlan, ABinHoldsAtMostTheTargetSize) {
  EXPECT_THAT(Plan({File("a", 60 * kMiB), File("b", 60 * kMiB), File("c", 60 * kMiB), File("d", 60 * kMiB)}),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
}

TEST(PackPlan, ABinHoldsAtMostSoManyRows) {
  const std::vector<std::shared_ptr<const DataFile>> files{
      File("a", 1, "2026-11-24", 40), File("b", 1, "2026-11-24", 40), File("c", 1, "2026-11-24", 40)};
  EXPECT_THAT(Plan(files, {}, {}, {128 * kMiB, 100}), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(Plan(files, {}, {}, {128 * kMiB, 80}), IsEmpty()) << "half of the rows are enough";
}

TEST(PackPlan, HalfTheTargetSizeIsEnough) {
  EXPECT_THAT(Plan({File("a", 64 * kMiB), File("b", 1), File("c", 64 * kMiB)}), IsEmpty());
  EXPECT_THAT(Plan({File("a", 64 * kMiB), File("b", 1), File("c", 2)}), ElementsAre(ElementsAre("b", "c")));
}

TEST(PackPlan, AnOpenPartitionWaitsForEnoughFilesAClosedOneDoesNot) {
  const PackRule open{3, 1}, closed{2, 64};
  EXPECT_THAT(Plan({File("a", 1), File("b", 1)}, open, closed), IsEmpty());
  EXPECT_THAT(Plan({File("a", 1), File("b", 1), File("c", 1)}, open, closed), ElementsAre(ElementsAre("a", "b", "c")));
  EXPECT_THAT(Plan({File("a", 1, "2026-11-23"), File("b", 1, "2026-11-23")}, open, closed),
              ElementsAre(ElementsAre("a", "b")));
}

TEST(PackPlan, ALargeFileIsNotRewrittenForAFewSmallOnes) {
  const PackRule rule{2, 2};
  EXPECT_THAT(Plan({File("large", 40 * kMiB), File("a", 2 * kMiB), File("b", 3 * kMiB)}, rule),
              ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(Plan({File("large", 10 * kMiB), File("a", 2 * kMiB), File("b", 3 * kMiB)}, rule),
              ElementsAre(ElementsAre("large", "a", "b")));
}

TEST(PackPlan, ATableWithoutDatesIsOpen) {
  auto a = File("a", 1), b = File("b", 1);
  a->partition_values = b->partition_values = {{"ticker", "A"}};
  EXPECT_THAT(Plan({a, b}, {3}, {2}), IsEmpty());
}

/// A commit every second with the open rule: what is live stays few, and a row is rewritten a bounded number of times.
TEST(PackPlan, AStreamOfSmallFilesStaysFewFilesAndIsRewrittenLogarithmically) {
  const PackRule open{64, 1};
  const PackLimits limits{128 * kMiB};
  Snapshot snapshot;
  std::int64_t written = 0, rewritten = 0;
  std::size_t most = 0;
  for (int second = 0; second < 86'400; ++second) {
    const std::int64_t size = 15'000 + second * 7919 % 10'000;
    snapshot.files.push_back(File(std::to_string(second), size));
    written += size;
    most = std::max(most, snapshot.files.size());
    if (second % 15 != 0) continue;
    for (const Bin& bin : PlanBins(snapshot, limits, open, {2, 64}, "")) {
      std::int64_t sum = 0;
      std::set<std::string> gone;
      for (const auto& file : bin.files) {
        sum += file->size;
        gone.insert(file->path);
      }
      std::erase_if(snapshot.files, [&](const auto& file) { return gone.contains(file->path); });
      snapshot.files.push_back(File("packed" + std::to_string(second), sum));
      rewritten += sum;
    }
  }
  EXPECT_LT(most, 64u + 15u + 26u);
  EXPECT_LT(rewritten, 9 * written);
}

RC_GTEST_PROP(PackPlan, EveryBinIsOfOnePartitionWithinTheLimitsAndNoFileIsInTwo, ()) {
  Snapshot snapshot;
  const int count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    snapshot.files.push_back(File(std::to_string(i), *rc::gen::inRange(0, 2000),
                                  "2026-11-2" + std::to_string(*rc::gen::inRange(2, 6)), *rc::gen::inRange(0, 50)));
  }
  const PackLimits limits{*rc::gen::inRange(2, 4000), *rc::gen::inRange(2, 200)};
  const PackRule open{static_cast<std::size_t>(*rc::gen::inRange(0, 9)), *rc::gen::element(0.5, 1.0, 64.0)};
  const auto bins = PlanBins(snapshot, limits, open, {}, "2026-11-24");
  std::set<std::string> seen;
  for (const Bin& bin : bins) {
    RC_ASSERT(bin.files.size() >= 2u);
    std::int64_t size = 0;
    for (const auto& file : bin.files) {
      RC_ASSERT(file->partition_values == bin.partition_values);
      RC_ASSERT(seen.insert(file->path).second);
      size += file->size;
    }
    RC_ASSERT(size <= limits.target_size);
  }
}

}  // namespace
}  // namespace pregao::lake
