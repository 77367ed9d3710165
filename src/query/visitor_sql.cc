#include "query/visitor_sql.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/table.h>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace pregao::query {
namespace {

/// Each node of the syntax tree that matters: what kind it is and which name it has.
constexpr const char* kNodes = R"(
WITH tree AS MATERIALIZED (SELECT json_serialize_sql({})::JSON AS j),
nodes AS (SELECT value AS v FROM tree, json_tree(j) WHERE json_tree.type = 'OBJECT')
SELECT CASE WHEN (j->>'error') = 'true' THEN 'error' ELSE 'statements' END AS kind,
       coalesce(j->>'error_message', json_array_length(j->'statements')::VARCHAR) AS name FROM tree
UNION ALL SELECT 'error_type', j->>'error_type' FROM tree
UNION ALL SELECT DISTINCT kind, name FROM (
  SELECT CASE WHEN (v->>'type') = 'BASE_TABLE' THEN 'table' WHEN (v->>'type') = 'TABLE_FUNCTION' THEN 'rows'
              WHEN (v->>'type') = 'SHOW_REF' THEN 'show' WHEN (v->>'type') = 'FUNCTION' THEN 'function'
              WHEN json_exists(v, '$.cte_map') OR json_exists(v, '$.sample') THEN 'node'
              WHEN json_exists(v, '$.key') AND json_exists(v, '$.value.query') THEN 'cte' END AS kind,
         CASE WHEN (v->>'type') = 'BASE_TABLE'
              THEN concat_ws('.', nullif(v->>'catalog_name', ''), nullif(v->>'schema_name', ''), v->>'table_name')
              WHEN (v->>'type') = 'TABLE_FUNCTION' THEN v->'function'->>'function_name'
              WHEN (v->>'type') = 'SHOW_REF' THEN v->>'table_name'
              WHEN (v->>'type') = 'FUNCTION' THEN v->>'function_name'
              WHEN json_exists(v, '$.cte_map') OR json_exists(v, '$.sample') THEN v->>'type'
              ELSE v->>'key' END AS name
  FROM nodes) WHERE kind IS NOT NULL)";

using Names = std::set<std::string, std::less<>>;

/// Table functions that make their rows of their arguments.
const Names kRowFunctions{"range", "generate_series", "unnest", "repeat", "json_each", "json_tree", "bars_adjusted"};
/// Functions that tell of the process, plan or run a text, or write.
const Names kRefusedFunctions{"current_setting", "getenv",  "getvariable", "json_serialize_plan",
                              "write_log",       "nextval", "currval",     "pg_read_file"};
const Names kNodeTypes{"SELECT_NODE",
                       "SET_OPERATION_NODE",
                       "RECURSIVE_CTE_NODE",
                       "CTE_NODE",
                       "JOIN",
                       "SUBQUERY",
                       "EXPRESSION_LIST",
                       "EMPTY",
                       "EMPTY_FROM",
                       "PIVOT",
                       "TABLE",
                       "CTE"};

struct Node {
  std::string kind, name;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Result<std::vector<Node>> NodesOf(Session* session, const std::string& sql) {
  TRY_ASSIGN(const auto table, QueryAll(session->database(), fmt::format(kNodes, QuoteText(sql))));
  std::vector<Node> nodes;
  for (int chunk = 0; chunk < table->column(0)->num_chunks(); ++chunk) {
    const auto& kinds = static_cast<const arrow::StringArray&>(*table->column(0)->chunk(chunk));
    const auto& names = static_cast<const arrow::StringArray&>(*table->column(1)->chunk(chunk));
    for (std::int64_t i = 0; i < kinds.length(); ++i) {
      nodes.push_back({kinds.GetString(i), names.IsNull(i) ? "" : names.GetString(i)});
    }
  }
  return nodes;
}

const std::string* Find(const std::vector<Node>& nodes, std::string_view kind) {
  const auto at = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.kind == kind; });
  return at == nodes.end() ? nullptr : &at->name;
}

/// A CTE's name holds in its own scope only; outside it such a name must not be a file's.
bool IsWord(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

Status CheckNode(const Node& node, const Names& tables, const std::vector<std::string>& views) {
  const std::string name = Lower(node.name);
  if (node.kind == "table" && !tables.contains(name)) {
    return Status::Invalid("there is no table ", Printable(node.name),
                           " here; there is: ", fmt::format("{}", fmt::join(views, ", ")),
                           ". Files are not read from the page");
  }
  if (node.kind == "cte" && !IsWord(name)) {
    return Status::Invalid("WITH ", Printable(node.name), ": use letters, digits and _ for its name");
  }
  if (node.kind == "rows" && !kRowFunctions.contains(name)) {
    return Status::Invalid("the table function ", Printable(node.name), " is not allowed from the page");
  }
  if (node.kind == "function" && kRefusedFunctions.contains(name)) {
    return Status::Invalid("the function ", Printable(node.name), " is not allowed from the page");
  }
  if (node.kind == "show" && !name.empty()) {
    return Status::Invalid("SHOW is not allowed from the page; DESCRIBE silver is");
  }
  if (node.kind == "node" && !kNodeTypes.contains(node.name)) {
    return Status::Invalid("this kind of statement is not allowed from the page");
  }
  return Status::OK();
}

}  // namespace

Status CheckVisitorSql(Session* session, const std::string& sql) {
  if (sql.find('\0') != std::string::npos) return Status::Invalid("the SQL has a zero byte in it");
  TRY_ASSIGN(const auto nodes, NodesOf(session, sql));
  if (const std::string* error = Find(nodes, "error")) {
    const std::string* const type = Find(nodes, "error_type");
    if (type != nullptr && *type == "not implemented") {
      return Status::Invalid("only SELECT is allowed from the page: it reads the tables and changes nothing");
    }
    TRY(session->database()->Parse(sql).status());  // which shows the place
    return Status::Invalid(*error);
  }
  if (const std::string* count = Find(nodes, "statements"); count == nullptr || *count != "1") {
    return Status::Invalid("one statement at a time");
  }
  const auto views = session->ViewNames();
  Names tables(views.begin(), views.end());
  for (const Node& node : nodes) {
    if (node.kind == "cte") tables.insert(Lower(node.name));
  }
  for (const Node& node : nodes) TRY(CheckNode(node, tables, views));
  return Status::OK();
}

}  // namespace pregao::query
