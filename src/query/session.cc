#include "query/session.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "lake/added_files.h"
#include "query/view_sql.h"

namespace pregao::query {

const std::vector<TableName>& LakeTables() {
  static const std::vector<TableName> tables{
      {"bronze", "bronze/quotes"}, {"silver", "silver/quotes"}, {"quarantine", "silver/quarantine"}};
  return tables;
}

Session::Session(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, std::unique_ptr<Database> database)
    : store_(std::move(store)), clock_(clock), database_(std::move(database)) {
  for (const TableName& name : LakeTables()) views_.push_back({name, nullptr, nullptr, nullptr, Status::OK()});
}

Result<std::unique_ptr<Session>> Session::Open(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                               const DatabaseOptions& options) {
  TRY_ASSIGN(auto database, Database::Open(options));
  return std::unique_ptr<Session>(new Session(std::move(store), clock, std::move(database)));
}

Result<std::shared_ptr<const lake::Snapshot>> Session::Newest(View* view) {
  if (view->table == nullptr) {
    TRY_ASSIGN(view->table, lake::Table::Open(store_, view->name.root, clock_));
    return view->table->snapshot();
  }
  return view->table->Refresh();
}

Status Session::RefreshView(View* view) {
  TRY_ASSIGN(auto newest, Newest(view));
  if (view->shown != nullptr && view->shown->version == newest->version && view->shown->table_id == newest->table_id) {
    return Status::OK();
  }
  TRY_ASSIGN(const std::string sql, ViewSql(view->name.view, Folder(*view), *newest, newest->files));
  TRY(database_->Execute(sql));
  view->shown = std::move(newest);
  return Status::OK();
}

void Session::RefreshOrDrop(View* view) {
  view->problem = RefreshView(view);
  if (view->problem.ok()) return;
  view->table = nullptr;  // looked for anew next time
  // What is no longer readable must not be shown as if it were.
  if (std::exchange(view->shown, nullptr) != nullptr) {
    const Status dropped = database_->Execute("DROP VIEW IF EXISTS " + QuoteName(view->name.view));
    if (!dropped.ok()) view->problem = dropped;
  }
}

void Session::Refresh() {
  for (View& view : views_) RefreshOrDrop(&view);
}

Result<std::unique_ptr<Statements>> Session::Parse(const std::string& sql) {
  std::string lower = sql;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  bool any = false;
  for (View& view : views_) {
    const bool named = lower.find(view.name.view) != std::string::npos;
    view.wanted = view.wanted || named;
    any = any || named;
  }
  for (View& view : views_) view.wanted = view.wanted || !any;
  return database_->Parse(sql);
}

void Session::Follow(const std::string& name) {
  for (View& view : views_) {
    if (view.name.view == name) view.followed = view.shown;
  }
}

Result<bool> Session::RefreshAdded(const std::string& name) {
  for (View& view : views_) {
    if (view.name.view != name) continue;
    TRY_ASSIGN(auto newest, Newest(&view));
    std::vector<std::shared_ptr<const lake::DataFile>> added = newest->files;
    if (view.followed != nullptr && view.followed->table_id == newest->table_id) {
      TRY_ASSIGN(added, lake::FilesAddedBetween(store_.get(), view.name.root, view.followed->version, newest->version));
    }
    TRY_ASSIGN(const std::string sql, ViewSql(name + "_added", Folder(view), *newest, added));
    TRY(database_->Execute(sql));
    view.followed = std::move(newest);
    return !added.empty();
  }
  return Status::KeyError("no table is called ", name);
}

Result<std::unique_ptr<ResultStream>> Session::Run(Statements* statements, std::size_t index) {
  for (View& view : views_) {
    if (view.wanted) RefreshOrDrop(&view);
  }
  auto result = statements->Run(index);
  if (!result.ok()) return Explain(result.status());
  return result;
}

Result<std::unique_ptr<ResultStream>> Session::Query(const std::string& sql) {
  TRY_ASSIGN(const auto statements, Parse(sql));
  if (statements->size() != 1) return Status::Invalid("one statement expected: ", sql);
  return Run(statements.get(), 0);
}

Status Session::Explain(const Status& error) const {
  for (const View& view : views_) {
    if (error.message().find("Table with name " + view.name.view + " does not exist") == std::string::npos) continue;
    if (view.problem.IsKeyError()) {
      return Status::Invalid("there is no ", view.name.view, " table yet in the lake ", store_->uri(),
                             "; `pregao run` or `pregao silver` makes it, --lake names another lake");
    }
    if (!view.problem.ok()) return view.problem;
  }
  return error;
}

std::shared_ptr<const lake::Snapshot> Session::Shown(const std::string& name) const {
  for (const View& view : views_) {
    if (view.name.view == name) return view.shown;
  }
  return nullptr;
}

Status Session::Problem(const std::string& name) const {
  for (const View& view : views_) {
    if (view.name.view == name) return view.problem;
  }
  return Status::KeyError("no table is called ", name);
}

}  // namespace pregao::query
