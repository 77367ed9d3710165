#pragma once
#include <string>

#include "query/session.h"

namespace pregao::query {

/// Whether `sql` is one SELECT on the lake's views, the statement's own CTEs and a few functions that make rows of
/// their arguments: no files, no settings, no SQL in texts. Judged on DuckDB's own syntax tree (docs/adr/0024). Invalid
/// says what is wrong, for a person.
[[nodiscard]] Status CheckVisitorSql(Session* session, const std::string& sql);

}  // namespace pregao::query
