/// Seeded simulation of several engines on one topic and one lake. Faults: the store fails calls, done or not;
/// processes die at any store call; partitions are rebalanced at any time, between members of one group and between
/// rivals; records come late, twice, under other keys, and broken; offsets have holes; somebody packs and vacuums the
/// tables, by a store that fails too, while hours go by; now and then the store is away for half an hour. The oracle is
/// Wrong(). One thread, one random generator: a seed is a run. PREGAO_SIM_SEED=n runs one seed, PREGAO_SIM_RUNS=n so
/// many.
#include <cstdlib>
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "engine/session.h"
#include "lake/optimize.h"
#include "lake/vacuum.h"

#include "test/engine_testing.h"

namespace pregao::engine {
namespace {

constexpr std::uint64_t kRuns = 10;

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed) {
    options_.table.checkpoint_every = static_cast<int>(Below(20)) + 2;
    options_.table.max_attempts = 5;
    options_.dedupe_keys = Below(2) == 0 ? 1 : 1'000'000;
    options_.remember_rows = static_cast<std::int64_t>(Below(200)) + 1;
    options_.partition_by = Below(3) == 0 ? std::vector<std::string>{"ticker"} : std::vector<std::string>{"date"};
    fault_rate_ = Below(3) == 0 ? 0 : 0.01 * static_cast<double>(Below(8));
    const std::size_t engines = 1 + Below(3);
    for (std::size_t i = 0; i < engines; ++i) {
      engines_.emplace_back();
      engines_.back().group = Below(3) == 0 ? "rival" : "pregao";
    }
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    for (Engine& e : engines_) e = Engine{};  // all die
    Drain();
  }

  [[nodiscard]] std::vector<std::string> Judge() { return Wrong(&topic_, store_); }
  [[nodiscard]] std::int64_t commits() const { return commits_; }
  [[nodiscard]] std::int64_t fencings() const { return fencings_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }
  [[nodiscard]] std::int64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::int64_t packed() const { return packed_; }
  [[nodiscard]] std::int64_t outages() const { return outages_; }
  [[nodiscard]] std::int64_t deleted() const { return deleted_; }

 private:
  struct Engine {
    std::string group = "pregao";
    std::unique_ptr<topic::TopicReader> reader;  // null: the process is not running
    std::shared_ptr<lake::FaultyStore> store;
    std::unique_ptr<LakeSink> sink;
    std::unique_ptr<Decoder> decoder;  // null: no session
    std::vector<Partition> assigned;
    std::deque<Batch> pipe;
    SharedStats stats;

    Engine() = default;
    Engine& operator=(Engine&& other) noexcept {
      pipe.clear();
      decoder.reset();
      sink.reset();
      reader.reset();
      store.reset();
      assigned.clear();
      if (!other.group.empty()) group = other.group;
      return *this;
    }
  };

  std::uint64_t Below(std::uint64_t n) { return random_() % n; }

  /// Of calls that fail now.
  [[nodiscard]] double FaultRate() const { return away_ > 0 ? 1 : fault_rate_; }
  void SetFaultRates() {
    for (Engine& e : engines_) {
      if (e.reader) e.store->FailAtRandom(random_(), FaultRate());
    }
  }

  void Step() {
    if (away_ > 0 && --away_ == 0) {
      clock_.Advance(std::chrono::minutes(30));
      SetFaultRates();
    }
    if (away_ == 0 && Below(80) == 0) {
      away_ = 5 + static_cast<int>(Below(30));
      ++outages_;
      SetFaultRates();
    }
    if (Below(5) == 0) return Produce();
    if (Below(60) == 0) return topic_.Rebalance(random_());
    if (Below(25) == 0) return clock_.Advance(std::chrono::hours(Below(24)));
    if (Below(15) == 0) return Maintain();
    Engine& e = engines_[Below(engines_.size())];
    if (!e.reader) return Start(&e);
    switch (Below(12)) {
      case 0:
        return Kill(&e);
      case 1:
        return e.store->FailAtRandom(random_(), FaultRate());
      case 2:
      case 3:
        return Cut(&e);
      case 4:
      case 5:
      case 6:
        return Write(&e);
      default:
        return Read(&e);
    }
  }

  void Produce() {
    std::vector<topic::NewRecord> records;
    for (std::uint64_t n = 1 + Below(30); n > 0; --n) {
      const std::string ticker(1, static_cast<char>('A' + Below(6)));
      const std::int64_t late = Below(12) == 0 ? 90'000 * static_cast<std::int64_t>(Below(2000)) : 0;
      auto record = Message(ticker, kT0 + 200'000'000 + now_ * 1000 - late, static_cast<double>(Below(2)) + 1);
      if (Below(8) == 0 && !sent_.empty()) record = sent_[Below(sent_.size())];  // again
      if (Below(20) == 0) record.key = "other" + std::to_string(Below(4));       // from another partition
      if (Below(25) == 0) record.value = "{broken";
      if (Below(50) == 0) record.value.reset();
      if (Below(3) == 0) ++now_;
      sent_.push_back(record);
      records.push_back(std::move(record));
    }
    if (Below(10) == 0)
      topic_.SkipOffsets(Partition(static_cast<std::int32_t>(Below(3))), 1 + static_cast<std::int64_t>(Below(5)));
    ASSERT_TRUE(topic_.NewWriter()->Append(records).ok());
  }

  /// Optimizes and vacuums every table, or dies in between.
  void Maintain() {
    const auto store = std::make_shared<lake::FaultyStore>(store_);
    store->FailAtRandom(random_(), FaultRate());
    if (Below(3) == 0) store->FailAt(1 + static_cast<std::int64_t>(Below(40)), lake::StoreFault::kDieAfter);
    for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) {
      const auto table = lake::Table::Open(store, root, &clock_, options_.table);
      Status status = table.status();
      if (table.ok()) {
        const auto packed = lake::Optimize(table->get(), clock_, {});
        status = packed.status();
        if (packed.ok()) packed_ += packed->bins;
        lake::VacuumOptions options;
        options.retention = std::chrono::days(1);
        const auto vacuumed = lake::Vacuum(table->get(), clock_, options);
        if (status.ok()) status = vacuumed.status();
        if (vacuumed.ok()) deleted_ += std::ssize(vacuumed->files);
      }
      ASSERT_TRUE(status.ok() || status.IsIOError() || status.IsKeyError()) << status.ToString();
    }
  }

  void Start(Engine* e) {
    e->reader = topic_.NewReader(e->group);
    e->store = std::make_shared<lake::FaultyStore>(store_);
    e->store->FailAtRandom(random_(), FaultRate());
    e->sink = NewSink(e->store, &clock_, options_);
  }

  /// At once, or at one of the next store calls.
  void Kill(Engine* e) {
    if (Below(2) == 0) return EndProcess(e);
    e->store->FailAt(e->store->calls() + 1 + static_cast<std::int64_t>(Below(20)),
                     Below(2) == 0 ? lake::StoreFault::kDieBefore : lake::StoreFault::kDieAfter);
  }
  static void EndProcess(Engine* e) { *e = Engine{}; }

  void EndSession(Engine* e) {
    e->decoder.reset();
    e->pipe.clear();
    if (e->store->dead()) EndProcess(e);
  }

  void Failed(Engine* e, const Status& status) {
    ++failures_;
    ASSERT_TRUE(status.IsIOError()) << "a system's fault must not look like another: " << status.ToString();
    EndSession(e);
  }

  void Read(Engine* e) {
    auto polled = e->reader->Poll(1 + Below(40), std::chrono::milliseconds(0));
    ASSERT_TRUE(polled.ok()) << polled.status().ToString();
    if (polled->assigned) {
      e->assigned = *polled->assigned;
      // A real session would flush; the worst case is that it does not.
      e->decoder.reset();
      e->pipe.clear();
    }
    if (!e->decoder) {
      if (e->assigned.empty()) return;
      auto decoder = BeginSession(e->reader.get(), e->sink.get(), e->assigned, &e->stats);
      if (!decoder.ok()) return Failed(e, decoder.status());
      e->decoder = std::move(*decoder);
      return;  // what was polled before the seek is read again
    }
    if (polled->records.empty()) return;
    const auto status = e->decoder->Add(std::make_shared<const topic::RecordBatch>(std::move(polled->records)));
    if (!status.ok()) Failed(e, status);
  }

  void Cut(Engine* e) {
    if (!e->decoder || e->decoder->empty() || e->pipe.size() >= 3) return;
    auto batch = e->decoder->Cut();
    ASSERT_TRUE(batch.ok());
    e->pipe.push_back(std::move(*batch));
  }

  void Write(Engine* e) {
    if (e->pipe.empty()) return;
    const auto number = e->pipe.front().number;
    auto written = e->sink->Write(std::move(e->pipe.front()));
    e->pipe.pop_front();
    if (!written.ok()) return Failed(e, written.status());
    if (written->fenced) {
      ++fencings_;
      return EndSession(e);
    }
    ++commits_;
    duplicates_ += written->duplicates;
    e->decoder->Confirm(number);
    e->decoder->Fold(written->version, written->foreign);
  }

  /// One engine without faults, to the end.
  void Drain() {
    Engine& e = engines_.front();
    e.group = "drain";
    fault_rate_ = 0;
    away_ = 0;
    Start(&e);
    for (int idle = 0; idle < 3;) {
      const auto commits = commits_;
      Read(&e);
      Cut(&e);
      Write(&e);
      idle = commits_ == commits && e.decoder && e.decoder->empty() ? idle + 1 : 0;
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_{TimestampMs(kT0 + 500LL * 86'400'000)};
  topic::MemoryTopic topic_{3};
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>(&clock_);
  LakeSinkOptions options_;
  double fault_rate_ = 0;
  int away_ = 0;  ///< steps until the store is back
  std::deque<Engine> engines_;
  std::vector<topic::NewRecord> sent_;
  std::int64_t now_ = 0;
  std::int64_t commits_ = 0, fencings_ = 0, failures_ = 0, duplicates_ = 0, packed_ = 0, deleted_ = 0, outages_ = 0;
};

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Simulation, NothingIsLostAndNothingStandsTwice) {
  const std::uint64_t first = FromEnvironment("PREGAO_SIM_SEED", 1);
  const std::uint64_t runs = std::getenv("PREGAO_SIM_SEED") != nullptr ? 1 : FromEnvironment("PREGAO_SIM_RUNS", kRuns);
  std::int64_t commits = 0, fencings = 0, failures = 0, duplicates = 0, packed = 0, deleted = 0, outages = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("PREGAO_SIM_SEED=" + std::to_string(seed));
    Simulation simulation(seed);
    simulation.Run(400);
    ASSERT_THAT(simulation.Judge(), testing::IsEmpty());
    if (HasFatalFailure()) return;
    commits += simulation.commits();
    fencings += simulation.fencings();
    failures += simulation.failures();
    duplicates += simulation.duplicates();
    packed += simulation.packed();
    deleted += simulation.deleted();
    outages += simulation.outages();
  }
  if (runs < kRuns) return;
  // The runs were not too easy to tell anything.
  EXPECT_GT(commits, 50);
  EXPECT_GT(fencings, 0);
  EXPECT_GT(failures, 10);
  EXPECT_GT(duplicates, 50);
  EXPECT_GT(packed, 20);
  EXPECT_GT(deleted, 20);
  EXPECT_GT(outages, 10);
}

}  // namespace
}  // namespace pregao::engine
