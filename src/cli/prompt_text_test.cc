#include <gtest/gtest.h>

#include "cli/prompt.h"

namespace pregao::cli {
namespace {

TEST(Prompt, AStatementIsCompleteAtItsSemicolon) {
  for (const char* sql : {"select 1;", "select 1; ", "select 1;\n", "select 1; -- why", "select ';';", "a; b;",
                          "select $$;$$;", "/* ; */ select 1;", "select \"a;b\";", "select 'it''s';", "select $1;"}) {
    EXPECT_TRUE(IsComplete(sql)) << sql;
  }
}

TEST(Prompt, ASemicolonInQuotesOrCommentsEndsNothing) {
  for (const char* sql : {"", "select 1", "select ';", "select 1 -- ;", "/* ;", "select $$ ;", "select $a$ ; $$",
                          "select \"a;", "a; b", "select 'it''s;"}) {
    EXPECT_FALSE(IsComplete(sql)) << sql;
  }
}

}  // namespace
}  // namespace pregao::cli
