/// What happens to tables by itself, and what does not.
#include "lake/upkeep.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "lake/faulty_store.h"

#include "test/maintenance_tools.h"

namespace pregao::lake {
namespace {

using std::chrono::hours;
using test::AppendRows;
using test::Impatient;
using test::kNoon;
using test::Quotes;
using test::QuoteSpec;
using test::Rows;
using testing::HasSubstr;
using testing::SizeIs;

class UpkeepTest : public testing::Test {
 protected:
  UpkeepTest() {
    options_.optimize.open = {5, 1};
    options_.table = Impatient();
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
  }
  ~UpkeepTest() override { spdlog::set_default_logger(before_); }

  std::shared_ptr<Table> Open(const std::string& root) {
    return Table::OpenOrCreate(disk_, root, QuoteSpec(), &clock_, Impatient()).ValueOrDie();
  }
  void Append(Table* table, int files, const std::string& date = "2026-11-24") {
    for (int i = 0; i < files; ++i) ASSERT_OK(AppendRows(table, clock_, *Quotes("A", 2, i), {{"date", date}}));
  }
  std::size_t Files(const std::string& root) {
    return Table::Open(disk_, root, &clock_).ValueOrDie()->snapshot()->files.size();
  }
  Upkeep Make(std::vector<std::string> roots) { return Upkeep(store_, std::move(roots), &clock_, options_); }

  ManualClock clock_{kNoon};
  std::shared_ptr<MemoryStore> disk_ = std::make_shared<MemoryStore>(&clock_);
  std::shared_ptr<FaultyStore> store_ = std::make_shared<FaultyStore>(disk_);
  UpkeepOptions options_;
  std::ostringstream log_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(UpkeepTest, SmallFilesArePackedWhenTheyHavePiledUp) {
  auto upkeep = Make({"a", "b"});
  const auto a = Open("a"), b = Open("b");
  Append(a.get(), 5);
  Append(b.get(), 4);
  upkeep.Look({});
  EXPECT_EQ(Files("a"), 1u);
  EXPECT_EQ(Files("b"), 4u);
  Append(b.get(), 1);
  upkeep.Look({});
  EXPECT_EQ(Files("b"), 1u);
}

TEST_F(UpkeepTest, AbsentTablesAndThoseOfOthersArePassedOver) {
  auto upkeep = Make({"absent", "theirs", "ours"});
  const auto theirs = Open("theirs"), ours = Open("ours");
  ASSERT_OK(theirs->SetProperties({{"pregao.owner", "spark:query"}}));
  Append(theirs.get(), 9);
  Append(ours.get(), 9);
  upkeep.Look({});
  upkeep.Look({});
  EXPECT_EQ(Files("theirs"), 9u);
  EXPECT_EQ(Files("ours"), 1u);
  const std::string log = log_.str();
  EXPECT_THAT(log, HasSubstr("spark:query"));
  EXPECT_EQ(log.find("spark:query"), log.rfind("spark:query")) << "said once";
}

TEST_F(UpkeepTest, OldFilesAndLogEntriesGoNowAndThen) {
  options_.retention = std::chrono::days(2);
  options_.table.log_retention = hours(48);
  auto upkeep = Make({"t"});
  const auto table = Open("t");
  for (int day = 0; day < 8; ++day) {
    Append(table.get(), 5);
    upkeep.Look({});
    clock_.Advance(hours(24));
  }
  const auto data = *disk_->List("t/date=");
  EXPECT_LT(data.size(), 8u + 3 * 6u) << "of forty small files and eight packed ones";
  EXPECT_GT(data.front().modified, clock_.Now() + (-std::chrono::milliseconds(hours(24 * 9)).count()));
  EXPECT_LT(disk_->List("t/_delta_log/")->size(), 30u) << "of more than fifty";
  EXPECT_THAT(Rows(disk_.get(), *Table::Open(disk_, "t", &clock_).ValueOrDie()->snapshot()), SizeIs(80));
}

TEST_F(UpkeepTest, CleaningWaitsItsTurn) {
  auto upkeep = Make({"t"});
  Append(Open("t").get(), 1);
  upkeep.Look({});
  std::vector<std::string> lists;
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation == "List") lists.emplace_back(call.path);
  });
  clock_.Advance(std::chrono::minutes(59));
  upkeep.Look({});
  EXPECT_THAT(lists, testing::IsEmpty());
  clock_.Advance(std::chrono::minutes(1));
  upkeep.Look({});
  EXPECT_THAT(lists, testing::Not(testing::IsEmpty()));
}

/// The store takes no new bytes, as a full disk does.
class FullStore final : public ObjectStore {
 public:
  explicit FullStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}
  Status Put(const std::string& path, std::string_view bytes) override {
    return bytes.empty() ? inner_->Put(path, bytes) : Full(path);
  }
  Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view) override { return Full(path); }
  Result<std::string> Get(const std::string& path) override { return inner_->Get(path); }
  Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override {
    return inner_->GetRange(path, offset, size);
  }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix, const std::string& start_after) override {
    return inner_->List(prefix, start_after);
  }
  Status Delete(const std::string& path) override { return inner_->Delete(path); }
  std::string uri() const override { return inner_->uri(); }

 private:
  static Status Full(const std::string& path) { return Status::IOError(path, ": no space left"); }

  const std::shared_ptr<ObjectStore> inner_;
};

TEST_F(UpkeepTest, WithoutRoomToPackItStillDeletesWhatIsOld) {
  options_.retention = std::chrono::days(2);
  const auto table = Open("t");
  Append(table.get(), 5);
  Make({"t"}).Look({});
  clock_.Advance(hours(24 * 4));
  Append(table.get(), 5, "2026-11-28");
  const auto before = disk_->List("t/date=")->size();
  Upkeep upkeep(std::make_shared<FullStore>(disk_), {"t"}, &clock_, options_);
  upkeep.Look({});
  log_.str("");
  upkeep.Look({});
  EXPECT_THAT(log_.str(), HasSubstr("no space left")) << "cleaning is not due again, packing is";
  EXPECT_EQ(disk_->List("t/date=")->size(), before - 5) << "the five that were packed";
  EXPECT_THAT(Rows(disk_.get(), *Table::Open(disk_, "t", &clock_).ValueOrDie()->snapshot()), SizeIs(20));
}

TEST_F(UpkeepTest, WhatFailsIsSaidAndTriedAgain) {
  auto upkeep = Make({"t"});
  Append(Open("t").get(), 5);
  store_->FailAtRandom(1, 1);
  upkeep.Look({});
  EXPECT_THAT(log_.str(), HasSubstr("upkeep of t:"));
  EXPECT_EQ(Files("t"), 5u);
  store_->Reset();
  upkeep.Look({});
  EXPECT_EQ(Files("t"), 1u);
}

TEST_F(UpkeepTest, ATableThatWasReplacedIsLookedAtWithAFreshEye) {
  auto upkeep = Make({"t"});
  Append(Open("t").get(), 7);
  upkeep.Look({});
  for (const auto& info : *disk_->List("t/")) ASSERT_OK(disk_->Delete(info.path));
  Append(Open("t").get(), 5);
  upkeep.Look({});
  upkeep.Look({});
  EXPECT_EQ(Files("t"), 1u);
}

TEST_F(UpkeepTest, StoppedItGivesUpTheBinAtHand) {
  auto upkeep = Make({"t"});
  Append(Open("t").get(), 5);
  std::stop_source source;
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation == "GetRange") source.request_stop();
  });
  upkeep.Look(source.get_token());
  EXPECT_EQ(Files("t"), 5u);
  source = {};
  source.request_stop();
  upkeep.Run(source.get_token());  // returns
}

}  // namespace
}  // namespace pregao::lake
