/// SQL that comes from outside: what it may not do.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "query/database.h"
#include "query/limited.h"

namespace pregao::query {
namespace {

using ::testing::HasSubstr;

class Guarded : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ + "/lake/silver/quotes");
    std::ofstream(folder_ + "/secret.txt") << "secret\n";
    std::ofstream(folder_ + "/lake/silver/quotes/a.csv") << "x\n1\n";
    auto database = Database::Open({.only_folders = {folder_ + "/lake/silver/quotes"}});
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = std::move(*database);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Status Try(const std::string& sql) { return QueryAll(database_.get(), sql).status(); }

  const std::string folder_ =
      (std::filesystem::temp_directory_path() / ("pregao-guarded-" + std::to_string(getpid()))).string();
  std::unique_ptr<Database> database_;
};

TEST_F(Guarded, SelectsAndReadsTheFoldersThatItMay) {
  EXPECT_TRUE(Try("SELECT 1").ok());
  EXPECT_TRUE(Try("WITH a AS (SELECT 1) SELECT * FROM a").ok());
  EXPECT_TRUE(Try("DESCRIBE SELECT 1 AS x").ok());
  const Status view =
      database_->Execute("CREATE VIEW silver AS SELECT * FROM read_csv('" + folder_ + "/lake/silver/quotes/a.csv')");
  EXPECT_TRUE(view.ok()) << view;
  EXPECT_TRUE(Try("SELECT * FROM silver").ok());
}

TEST_F(Guarded, ReadsNoOtherFile) {
  const std::string secret = folder_ + "/secret.txt";
  for (const std::string& from : std::vector<std::string>{
           "read_text('" + secret + "')", "read_blob('" + secret + "')", "read_csv('" + secret + "')",
           "'" + secret + "'", "glob('" + folder_ + "/*')",
           "read_text('" + folder_ + "/lake/silver/quotes/../../../secret.txt')", "read_text('file://" + secret + "')",
           "read_csv('https://example.org/a.csv')", "query('SELECT * FROM read_text(''" + secret + "'')')",
           std::string("read_text('/proc/self/environ')")}) {
    EXPECT_FALSE(Try("SELECT * FROM " + from).ok()) << from;
  }
}

TEST_F(Guarded, WritesNothingAndChangesNothing) {
  const std::string inside = folder_ + "/lake/silver/quotes/new.csv";
  for (const std::string& sql : std::vector<std::string>{
           "COPY (SELECT 1) TO '" + inside + "'", "EXPLAIN ANALYZE COPY (SELECT 1) TO '" + inside + "'",
           "EXPORT DATABASE '" + folder_ + "/lake/silver/quotes/db'", "ATTACH '" + folder_ + "/a.db'",
           std::string("CREATE TABLE t(i INT)"), std::string("CREATE VIEW v AS SELECT 1"),
           std::string("INSTALL httpfs"), std::string("LOAD httpfs"), std::string("SET enable_external_access = true"),
           std::string("SET allowed_directories = ['/']"), std::string("PRAGMA threads = 64"),
           std::string("CALL force_checkpoint()"), std::string("BEGIN")}) {
    EXPECT_FALSE(Try(sql).ok()) << sql;
  }
  EXPECT_FALSE(std::filesystem::exists(inside));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/a.db"));
  // Nor by the service, once the doors are shut.
  EXPECT_FALSE(database_->Execute("SET enable_external_access = true").ok());
}

}  // namespace
}  // namespace pregao::query
