#include "query/database.h"

#include <arrow/table.h>
#include <chrono>
#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

namespace pregao::query {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Database> database_ = Database::Open().ValueOrDie();
};

TEST_F(DatabaseTest, StreamsALargeResultInChunksWhoseRowsAreAllThere) {
  const auto statements = database_->Parse("SELECT range AS n FROM range(1000000)").ValueOrDie();
  const auto stream = statements->Run(0).ValueOrDie();
  ASSERT_EQ(stream->schema()->field(0)->name(), "n");
  std::int64_t rows = 0;
  for (;;) {
    const auto batch = stream->Next().ValueOrDie();
    if (batch == nullptr) break;
    EXPECT_LE(batch->num_rows(), 10'000);
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, 1'000'000);
}

TEST_F(DatabaseTest, SyntaxErrorShowsThePlace) {
  const auto parsed = database_->Parse("SELECT 1 FORM x");
  EXPECT_TRUE(parsed.status().IsInvalid());
  EXPECT_THAT(parsed.status().message(), HasSubstr("LINE 1"));
}

TEST_F(DatabaseTest, BindErrorShowsThePlace) {
  const auto statements = database_->Parse("SELECT nothing").ValueOrDie();
  const auto run = statements->Run(0);
  EXPECT_TRUE(run.status().IsInvalid());
  EXPECT_THAT(run.status().message(), HasSubstr("LINE 1"));
}

TEST_F(DatabaseTest, AFaultInTheMiddleOfAResultIsAnErrorNotItsEnd) {
  const auto statements =
      database_->Parse("SELECT CASE WHEN range < 300000 THEN range ELSE error('late') END FROM range(300001)")
          .ValueOrDie();
  auto stream = statements->Run(0);
  Status status = stream.status();
  while (status.ok()) {
    const auto batch = (*stream)->Next();
    ASSERT_TRUE(!batch.ok() || *batch != nullptr) << "the result ended as if it were whole";
    status = batch.status();
  }
  EXPECT_THAT(status.message(), HasSubstr("late"));
}

TEST_F(DatabaseTest, ALaterStatementSeesWhatAnEarlierOneMade) {
  const auto statements = database_->Parse("CREATE TABLE t AS SELECT 42 AS x; SELECT x FROM t;").ValueOrDie();
  ASSERT_EQ(statements->size(), 2u);
  ASSERT_TRUE(statements->Run(0).ok());
  EXPECT_EQ(statements->Run(1).ValueOrDie()->Next().ValueOrDie()->num_rows(), 1);
}

TEST_F(DatabaseTest, TextWithoutAStatementHasNone) {
  EXPECT_EQ(database_->Parse("-- only a comment\n ;").ValueOrDie()->size(), 0u);
  EXPECT_EQ(database_->Parse("").ValueOrDie()->size(), 0u);
}

TEST_F(DatabaseTest, InterruptEndsARunningStatement) {
  const auto statements = database_->Parse("SELECT sum(hash(range)) FROM range(1000000000000)").ValueOrDie();
  Status status;
  std::mutex mutex;
  std::condition_variable ended;
  bool finished = false;  // guarded by mutex
  std::thread runner([&] {
    auto stream = statements->Run(0);
    status = stream.ok() ? (*stream)->Next().status() : stream.status();
    std::lock_guard lock(mutex);
    finished = true;
    ended.notify_one();
  });
  std::unique_lock lock(mutex);  // an interrupt before the start has no effect, so again until it has
  while (!ended.wait_for(lock, std::chrono::milliseconds(10), [&] { return finished; })) database_->Interrupt();
  lock.unlock();
  runner.join();
  EXPECT_TRUE(status.IsCancelled()) << status;
}

TEST_F(DatabaseTest, ServiceStatementsAreSeenByTheUsersAndOutlastItsTransactions) {
  ASSERT_TRUE(QueryAll(database_.get(), "BEGIN").ok());
  ASSERT_FALSE(QueryAll(database_.get(), "SELECT error('x')").ok());
  EXPECT_TRUE(database_->Execute("CREATE VIEW v AS SELECT 1 AS one").ok());
  ASSERT_TRUE(QueryAll(database_.get(), "ROLLBACK").ok());
  EXPECT_EQ(QueryAll(database_.get(), "SELECT one FROM v").ValueOrDie()->num_rows(), 1);
}

TEST_F(DatabaseTest, AResultOutlivesItsDatabase) {
  const auto statements = database_->Parse("SELECT range FROM range(10)").ValueOrDie();
  const auto stream = statements->Run(0).ValueOrDie();
  database_.reset();
  EXPECT_EQ(stream->Next().ValueOrDie()->num_rows(), 10);
}

TEST_F(DatabaseTest, BadOptionsAreRefused) { EXPECT_FALSE(Database::Open({.memory_limit = "much"}).ok()); }

TEST(Quote, DoublesTheQuote) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("O'Neil"), "'O''Neil'");
}

}  // namespace
}  // namespace pregao::query
