#include "engine/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "engine/gold_tables.h"
#include "lake/faulty_store.h"
#include "lake/memory_store.h"
#include "medallion/bar_schema.h"

namespace pregao::engine {
namespace {

using market::Bar;

constexpr std::int64_t kT0 = 1'767'312'000;  // 2026-01-02T00:00:00Z
constexpr std::int64_t kMinute = 60;

Bar MinuteBar(const std::string& ticker, std::int64_t start_s, double close = 10, bool is_final = true) {
  Bar bar;
  bar.ticker = ticker;
  bar.interval = "1m";
  bar.start_us = start_s * 1'000'000;
  bar.open = bar.high = bar.low = bar.close = close;
  bar.volume = 100;
  bar.source = market::BarSource::kChart;
  bar.is_final = is_final;
  return bar;
}

/// `minutes` bars from `from_s` on, all settled.
HistoryPart Part(const std::string& ticker, std::int64_t from_s, int minutes, double close = 10) {
  HistoryPart part{ticker, "1m", {from_s, from_s + minutes * kMinute}, from_s + minutes * kMinute, {}, {}};
  for (int i = 0; i < minutes; ++i) part.bars.push_back(MinuteBar(ticker, from_s + i * kMinute, close));
  return part;
}

std::vector<Bar> Stored(const std::shared_ptr<lake::ObjectStore>& store) {
  const SystemClock clock;
  const auto table = lake::Table::Open(store, kBarsRoot, &clock).ValueOrDie();
  const auto snapshot = table->snapshot();
  std::vector<Bar> bars;
  for (const auto& file : snapshot->files) {
    const auto rows = lake::ReadDataFile(store.get(), kBarsRoot, *file, *snapshot->schema, medallion::BarColumns());
    for (Bar& bar : medallion::BarsOf(**rows).ValueOrDie()) bars.push_back(std::move(bar));
  }
  std::sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) {
    return std::tie(a.ticker, a.start_us, a.revision) < std::tie(b.ticker, b.start_us, b.revision);
  });
  return bars;
}

class HistoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<History> Open() { return History::Open(store_, &clock_).ValueOrDie(); }
  HistoryCounts Write(const std::vector<HistoryPart>& parts) {
    const auto history = Open();
    const Status status = history->Write(parts);
    EXPECT_TRUE(status.ok()) << status;
    return history->counts();
  }
  std::optional<HistorySpan> Covered(const std::string& ticker = "A") { return Open()->Covered(ticker, "1m"); }

  SystemClock clock_;
  std::shared_ptr<lake::ObjectStore> store_ = std::make_shared<lake::MemoryStore>();
};

TEST_F(HistoryTest, TheSameAnswerAgainAddsNothing) {
  const auto part = Part("A", kT0, 2000);  // more than a day
  EXPECT_EQ(Write({part}).bars, 2000);
  const auto again = Write({part});
  EXPECT_EQ(again.bars, 0);
  EXPECT_EQ(again.unchanged, 2000);
  EXPECT_EQ(again.commits, 0);
  EXPECT_EQ(Stored(store_), part.bars);
}

TEST_F(HistoryTest, AnotherSeventhDigitIsNoOtherBar) {
  Write({Part("A", kT0, 1, 129.0399932861328)});
  EXPECT_EQ(Write({Part("A", kT0, 1, 129.04000854)}).bars, 0);
  EXPECT_EQ(Write({Part("A", kT0, 1, 129.05)}).bars, 1);
}

TEST_F(HistoryTest, ABarThatChangedIsTheNextRevision) {
  Write({Part("A", kT0, 3, 10)});
  auto part = Part("A", kT0, 3, 10);
  part.bars[1].volume = 200;
  const auto counts = Write({part});
  EXPECT_EQ(counts.bars, 1);
  EXPECT_EQ(counts.revisions, 1);
  const auto stored = Stored(store_);
  ASSERT_EQ(stored.size(), 4u);
  EXPECT_EQ(stored[2].revision, 2);
  EXPECT_EQ(stored[2].volume, 200);
  EXPECT_EQ(Write({part}).bars, 0);
}

TEST_F(HistoryTest, ABarThatBecameFinalIsTheNextRevisionAndNeverGoesBack) {
  auto part = Part("A", kT0, 1);
  part.bars[0].is_final = false;
  Write({part});
  EXPECT_EQ(Write({part}).bars, 0);
  EXPECT_EQ(Write({Part("A", kT0, 1)}).revisions, 1);
  EXPECT_EQ(Write({part}).bars, 0);
  EXPECT_TRUE(Stored(store_).back().is_final);
}

TEST_F(HistoryTest, BarsForGapsCoverNothingAndAreRememberedAsAskedForOnlyForwards) {
  auto part = Part("A", kT0, 5);
  part.covers = false;
  part.gaps_asked_to_s = kT0 + 300;
  EXPECT_EQ(Write({part}).bars, 5);
  EXPECT_EQ(Covered(), std::nullopt);
  const auto asked_to = [&](const std::string& ticker) {
    return History::GapsAskedTo(History::Positions(store_, &clock_).ValueOrDie(), ticker);
  };
  EXPECT_EQ(asked_to("A"), kT0 + 300);
  EXPECT_EQ(asked_to("B"), std::nullopt);
  EXPECT_EQ(Write({part}).commits, 0);
  part.gaps_asked_to_s = kT0 + 60;
  EXPECT_EQ(Write({part}).commits, 0);
  EXPECT_EQ(asked_to("A"), kT0 + 300);
  auto none = Part("A", kT0 + 600, 0);  // Yahoo has no minute of it either
  none.covers = false;
  none.gaps_asked_to_s = kT0 + 900;
  EXPECT_EQ(Write({none}).commits, 1);
  EXPECT_EQ(asked_to("A"), kT0 + 900);
  none.ticker = "C";
  Write({none, Part("D", kT0, 1)});
  EXPECT_EQ(History::GapsAsked(History::Positions(store_, &clock_).ValueOrDie()),
            (std::map<std::string, std::int64_t>{{"A", kT0 + 900}, {"C", kT0 + 900}}));
}

TEST_F(HistoryTest, WhatABackfillCoversStaysWhenAGapIsFilled) {
  Write({Part("A", kT0, 5)});
  auto part = Part("A", kT0 + 6000, 5);
  part.covers = false;
  Write({part});
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 300}));
}

TEST_F(HistoryTest, ABarOfTheStreamIsAnotherBar) {
  auto stream = Part("A", kT0, 1);
  stream.bars[0].source = market::BarSource::kStream;
  Write({stream});
  EXPECT_EQ(Write({Part("A", kT0, 1)}).bars, 1);
  for (const Bar& bar : Stored(store_)) EXPECT_EQ(bar.revision, 1);
}

TEST_F(HistoryTest, TickersAndIntervalsDoNotMix) {
  auto hours = Part("A", kT0, 1, 12);
  hours.interval = hours.bars[0].interval = "1h";
  EXPECT_EQ(Write({Part("A", kT0, 1), Part("B", kT0, 1), hours}).bars, 3);
  EXPECT_EQ(Open()->Covered("A", "1h"), (HistorySpan{kT0, kT0 + kMinute}));
  EXPECT_EQ(Covered("C"), std::nullopt);
}

TEST_F(HistoryTest, WhatTouchesTheCoverageExtendsItAndWhatDoesNotReplacesIt) {
  Write({Part("A", kT0, 10)});
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 600}));
  Write({Part("A", kT0 + 600, 10)});
  Write({Part("A", kT0 - 600, 10)});
  EXPECT_EQ(Covered(), (HistorySpan{kT0 - 600, kT0 + 1200}));
  Write({Part("A", kT0 + 60, 1)});
  EXPECT_EQ(Covered(), (HistorySpan{kT0 - 600, kT0 + 1200}));
  Write({Part("A", kT0 + 6000, 10)});
  EXPECT_EQ(Covered(), (HistorySpan{kT0 + 6000, kT0 + 6600}));
  Write({Part("A", -kT0, 10)});  // 1913
  EXPECT_EQ(Covered(), (HistorySpan{-kT0, -kT0 + 600}));
  Write({Part("A", -kT0 - 600, 10)});
  EXPECT_EQ(Covered(), (HistorySpan{-kT0 - 600, -kT0 + 600}));
}

TEST_F(HistoryTest, SeveralPartsOfATickerCoverTogether) {
  const auto counts = Write({Part("A", kT0, 10), Part("A", kT0 + 600, 10)});
  EXPECT_EQ(counts.commits, 1);
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 1200}));
}

TEST_F(HistoryTest, WhatMayStillChangeIsNotCovered) {
  auto part = Part("A", kT0, 10);
  part.settled_s = kT0 + 240;
  Write({part});
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 240}));
  part.settled_s = kT0;
  part.ticker = "B";
  Write({part});
  EXPECT_EQ(Covered("B"), std::nullopt);
}

TEST_F(HistoryTest, ASpanWithoutABarIsCoveredToo) {
  HistoryPart weekend{"A", "1m", {kT0, kT0 + 86'400}, kT0 + 86'400, {}, {}};
  EXPECT_EQ(Write({weekend}).commits, 1);
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 86'400}));
  EXPECT_EQ(Write({weekend}).commits, 0);
}

TEST_F(HistoryTest, ADividendLandsOnceAndAnotherAmountIsAnotherRow) {
  HistoryPart part{"A", "1d", {kT0, kT0 + 86'400}, kT0, {}, {}};
  part.actions = {{"A", 20'000, market::ActionKind::kDividend, 0.5, {}, {}, "BRL", market::BarSource::kChart, 5},
                  {"A", 20'000, market::ActionKind::kSplit, {}, 10.0, 1.0, {}, market::BarSource::kChart, 5}};
  EXPECT_EQ(Write({part, part}).actions, 2);
  part.actions[0].received_us = 6;
  EXPECT_EQ(Write({part}).actions, 0);
  part.actions[0].amount = 0.6;
  EXPECT_EQ(Write({part}).actions, 1);
  EXPECT_EQ(Write({part}).actions, 0);
}

TEST_F(HistoryTest, WritersAtTheSameTimeAddEachBarOnce) {
  constexpr int kWriters = 4;
  std::vector<std::jthread> writers;
  std::vector<Status> ends(kWriters);
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([this, i, &end = ends[static_cast<std::size_t>(i)]] {
      const auto history = History::Open(store_, &clock_, {100, {}, {}}).ValueOrDie();
      for (int step = 0; step < 5 && end.ok(); ++step) {
        end = history->Write({Part("A", kT0 + 600 * step, 15), Part("B" + std::to_string(i), kT0 + 600 * step, 10)});
      }
    });
  }
  writers.clear();
  for (const Status& end : ends) EXPECT_TRUE(end.ok()) << end;
  std::set<std::pair<std::string, std::int64_t>> starts;
  const auto stored = Stored(store_);
  for (const Bar& bar : stored) {
    EXPECT_EQ(bar.revision, 1);
    starts.emplace(bar.ticker, bar.start_us);
  }
  EXPECT_EQ(starts.size(), stored.size());
  EXPECT_EQ(stored.size(), 55u + kWriters * 50u);
  EXPECT_EQ(Covered(), (HistorySpan{kT0, kT0 + 3300}));
}

TEST_F(HistoryTest, ACrashAtAnyCallOfTheStoreAndAnotherRunLeaveEachBarOnce) {
  auto part = Part("A", kT0, 3);
  part.actions = {{"A", 20'000, market::ActionKind::kDividend, 0.5, {}, {}, "BRL", market::BarSource::kChart, 5}};
  for (const auto fault :
       {lake::StoreFault::kDieBefore, lake::StoreFault::kDieAfter, lake::StoreFault::kDoneButError}) {
    for (std::int64_t call = 1;; ++call) {
      store_ = std::make_shared<lake::MemoryStore>();
      const auto faulty = std::make_shared<lake::FaultyStore>(store_);
      faulty->FailAt(call, fault);
      lake::TableOptions quick;
      quick.max_attempts = 3;
      quick.retry_backoff = std::chrono::milliseconds(0);
      auto history = History::Open(faulty, &clock_, {8, {}, quick});
      if (history.ok()) (void)(*history)->Write({part});
      const bool reached = faulty->calls() >= call;
      Write({part});
      EXPECT_EQ(Covered(), part.span);
      EXPECT_EQ(Stored(store_), part.bars) << "call " << call;
      EXPECT_EQ(Write({part}).actions, 0);
      ASSERT_LT(call, 200);
      if (!reached) break;
    }
  }
}

TEST_F(HistoryTest, AnotherEnginesTableIsLeftAlone) {
  ASSERT_TRUE(Open()->Write({Part("A", kT0, 1)}).ok());
  const auto table = lake::Table::Open(store_, kBarsRoot, &clock_).ValueOrDie();
  ASSERT_TRUE(table->SetProperties({{"pregao.owner", "spark"}}).ok());
  const auto refused = History::Open(store_, &clock_).status();
  EXPECT_TRUE(refused.IsInvalid());
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("'spark'"));
}

TEST_F(HistoryTest, ALakeWithoutBarsHasNoPositions) {
  EXPECT_TRUE(History::Positions(store_, &clock_).ValueOrDie().empty());
  Write({Part("A", kT0, 1)});
  const auto positions = History::Positions(store_, &clock_).ValueOrDie();
  EXPECT_EQ(History::CoveredIn(positions, "A", "1m"), (HistorySpan{kT0, kT0 + kMinute}));
}

}  // namespace
}  // namespace pregao::engine
