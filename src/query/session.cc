#include "query/session.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "lake/added_files.h"
#include "lake/data_file.h"
#include "query/broken_file.h"
#include "query/sessions.h"
#include "query/view_sql.h"

namespace pregao::query {

const std::vector<TableName>& LakeTables() {
  static const std::vector<TableName> tables{
      {"bronze", "bronze/quotes"},
      {"silver", "silver/quotes"},
      {"quarantine", "silver/quarantine"},
      {"bar_revisions", "gold/bars", "`pregao run` or `pregao gold`"},
      {"corporate_actions", "gold/corporate_actions", "`pregao backfill`", false}};
  return tables;
}

namespace {

std::optional<std::string> DateOf(const lake::DataFile& file) {
  const auto date = file.partition_values.find("date");
  return date == file.partition_values.end() ? std::nullopt : date->second;
}

/// Names in a text that need the trading hours.
constexpr const char* kNeedHours[] = {"gaps", "sessions"};

/// The first date of which ShowNewest speaks; empty: all.
std::string FirstDate(const lake::Snapshot& snapshot, std::int64_t rows) {
  std::map<std::string, std::int64_t, std::greater<>> rows_of;
  for (const auto& file : snapshot.files) {
    const auto date = DateOf(*file);
    const auto count = lake::StatRows(*file);
    if (!date || !count) return "";
    rows_of[*date] += *count;
  }
  for (const auto& [date, count] : rows_of) {
    if ((rows -= count) <= 0) return date;
  }
  return "";
}

}  // namespace

Session::Session(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, std::unique_ptr<Database> database,
                 std::unique_ptr<FileCache> cache, PortfolioSource portfolio)
    : store_(std::move(store)),
      clock_(clock),
      cache_(std::move(cache)),
      database_(std::move(database)),
      portfolio_(std::move(portfolio)) {
  for (const DerivedView& view : DerivedViews()) derived_.push_back({view});
  if (portfolio_.read) {
    derived_.push_back({{kPortfolioView, "silver", {"latest"}, ""}});
    derived_.push_back(
        {{kPortfolioTotalsView, "silver", {"latest", kPortfolioView}, PortfolioTotalsSql(kPortfolioView)}});
  }
  for (const TableName& name : LakeTables()) views_.push_back({name, nullptr, nullptr, nullptr, Status::OK(), ""});
}

Result<std::unique_ptr<Session>> Session::Open(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                               const DatabaseOptions& options, std::unique_ptr<FileCache> cache,
                                               PortfolioSource portfolio) {
  TRY_ASSIGN(auto database, Database::Open(options));
  return std::unique_ptr<Session>(
      new Session(std::move(store), clock, std::move(database), std::move(cache), std::move(portfolio)));
}

Result<std::unique_ptr<Session>> Session::OpenGuarded(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                                      DatabaseOptions options, std::unique_ptr<FileCache> cache,
                                                      PortfolioSource portfolio) {
  const std::string root = cache ? cache->folder() : store->uri();
  for (const TableName& table : LakeTables()) options.only_folders.push_back(root + "/" + table.root);
  TRY_ASSIGN(auto session, Open(std::move(store), clock, options, std::move(cache), std::move(portfolio)));
  session->guarded_ = true;
  return session;
}

Result<std::shared_ptr<const lake::Snapshot>> Session::Newest(View* view) {
  if (view->table == nullptr) {
    TRY_ASSIGN(view->table, lake::Table::Open(store_, view->name.root, clock_));
    return view->table->snapshot();
  }
  return view->table->Refresh();
}

Status Session::MakeView(const View& view, const std::string& name, const lake::Snapshot& snapshot,
                         std::span<const std::shared_ptr<const lake::DataFile>> files) {
  if (cache_) TRY(cache_->Provide(view.name.root, files));
  TRY_ASSIGN(const std::string sql, ViewSql(name, Folder(view), snapshot, files));
  const Status made = database_->Execute(sql);
  return made.ok() ? made : ExplainBrokenFile(made, view.name, Folder(view), files);
}

Status Session::RefreshView(View* view) {
  TRY_ASSIGN(auto newest, Newest(view));
  if (view->shown != nullptr && view->shown->version == newest->version && view->shown->table_id == newest->table_id) {
    return Status::OK();
  }
  std::vector<std::shared_ptr<const lake::DataFile>> files;
  for (const auto& file : newest->files) {
    if (DateOf(*file).value_or("9999") >= view->first_date) files.push_back(file);
  }
  TRY(MakeView(*view, view->name.view, *newest, files));
  view->shown = std::move(newest);
  if (cache_) {
    auto needed = view->shown->files;  // and what the view of added files may show
    if (view->followed) needed.insert(needed.end(), view->followed->files.begin(), view->followed->files.end());
    cache_->Keep(view->name.root, needed);
  }
  return Status::OK();
}

/// The portfolio's view has the positions in its text. A watchlist that cannot be read gives no view.
void Session::ReadPortfolio() {
  for (Derived& derived : derived_) {
    if (derived.view.name != kPortfolioView || !derived.wanted) continue;
    const auto list = portfolio_.read();
    const std::string sql = list.ok() ? PortfolioSql(*list, portfolio_.currency, "latest") : "";
    if (list.ok() && std::exchange(derived.view.sql, sql) == sql) continue;
    derived.view.sql = sql;
    derived.schema = nullptr;
    derived.problem = list.status();
    if (list.ok()) continue;
    const Status dropped = database_->Execute("DROP VIEW IF EXISTS " + QuoteName(derived.view.name));
    if (!dropped.ok()) derived.problem = dropped;
  }
}

/// DuckDB keeps a view as text: it is made again only where its base has other columns.
void Session::RefreshDerived(const View& base) {
  for (Derived& derived : derived_) {
    if (derived.view.base != base.name.view || !derived.wanted || derived.view.sql.empty()) continue;
    const auto& schema = base.shown->schema;
    if (derived.schema != nullptr && derived.schema->Equals(*schema)) continue;
    derived.schema = nullptr;
    const std::string prepare = derived.view.prepare.empty() ? "" : derived.view.prepare + ";\n";
    derived.problem = database_->Execute(prepare + "CREATE OR REPLACE VIEW " + QuoteName(derived.view.name) + " AS " +
                                         derived.view.sql);
    if (derived.problem.ok()) derived.schema = schema;
  }
}

void Session::DropDerived(const std::string& base) {
  for (auto derived = derived_.rbegin(); derived != derived_.rend(); ++derived) {
    if (derived->view.base != base || std::exchange(derived->schema, nullptr) == nullptr) continue;
    derived->problem = database_->Execute("DROP VIEW IF EXISTS " + QuoteName(derived->view.name));
  }
}

void Session::RefreshOrDrop(View* view) {
  view->problem = RefreshView(view);
  if (view->problem.ok()) return RefreshDerived(*view);
  DropDerived(view->name.view);
  view->table = nullptr;  // looked for anew next time
  // What is no longer readable must not be shown as if it were.
  if (std::exchange(view->shown, nullptr) != nullptr) {
    const Status dropped = database_->Execute("DROP VIEW IF EXISTS " + QuoteName(view->name.view));
    if (!dropped.ok()) view->problem = dropped;
  }
}

void Session::Refresh() {
  ReadPortfolio();
  for (View& view : views_) RefreshOrDrop(&view);
}

Result<std::unique_ptr<Statements>> Session::Parse(const std::string& sql) {
  std::string lower = sql;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  bool any = false;
  std::vector<std::string> bases;
  for (Derived& derived : derived_) {
    if (lower.find(derived.view.name) == std::string::npos) continue;
    derived.wanted = true;
    bases.push_back(derived.view.base);
    for (Derived& other : derived_) {
      if (std::ranges::count(derived.view.before, other.view.name) == 0) continue;
      other.wanted = true;
      bases.push_back(other.view.base);
    }
  }
  for (View& view : views_) {
    const bool named = lower.find(view.name.view) != std::string::npos || std::ranges::count(bases, view.name.view) > 0;
    view.wanted = view.wanted || named;
    any = any || named;
  }
  const bool hours = std::ranges::any_of(kNeedHours, [&](const char* name) { return lower.find(name) != lower.npos; });
  // What names none may still read a user's own view, which a guarded session has not.
  const bool all = !any && !hours && (!guarded_ || lower.find("show") != lower.npos);
  sessions_wanted_ = sessions_wanted_ || hours || all;
  for (View& view : views_) view.wanted = view.wanted || all;
  for (Derived& derived : derived_) derived.wanted = derived.wanted || all;
  return database_->Parse(sql);
}

void Session::ShowFrom(const std::string& name, const std::string& first) {
  for (View& view : views_) {
    if (view.name.view == name) view.first_date = first;
  }
}

void Session::ShowNewest(const std::string& name, std::int64_t rows) {
  for (View& view : views_) {
    if (view.name.view != name) continue;
    // An absent or damaged table is told of by the statement that asks for it.
    if (const auto newest = Newest(&view); newest.ok()) ShowFrom(name, FirstDate(**newest, rows));
  }
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
    TRY(MakeView(view, name + "_added", *newest, added));
    view.followed = std::move(newest);
    return !added.empty();
  }
  return Status::KeyError("no table is called ", name);
}

Status Session::ProvideCalendars() {
  const auto& calendars = calendars_ ? *calendars_ : market::Calendars::Builtin();
  if (!std::exchange(calendars_named_, true)) TRY(NameCalendars(calendars, database_.get()));
  if (!sessions_wanted_ || sessions_there_) return Status::OK();
  TRY(LoadSessions(calendars, database_.get()));
  sessions_there_ = true;
  return Status::OK();
}

Result<std::unique_ptr<ResultStream>> Session::Run(Statements* statements, std::size_t index) {
  TRY(ProvideCalendars());
  ReadPortfolio();
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
  const auto lacks = [&](const std::string& name) {
    return error.message().find("Table with name " + name + " does not exist") != std::string::npos;
  };
  std::string base;  // of a derived view that is not there
  for (const Derived& derived : derived_) {
    if (!lacks(derived.view.name)) continue;
    base = derived.view.base;
    if (derived.problem.ok()) continue;
    // One that is made of another tells why that one is not there.
    return derived.problem.message() == error.message() ? error : Explain(derived.problem);
  }
  for (const View& view : views_) {
    if (!lacks(view.name.view) && view.name.view != base) continue;
    if (view.problem.IsKeyError()) {
      return Status::Invalid("there is no ", view.name.view, " table yet in the lake ", store_->uri(), "; ",
                             view.name.maker, " makes it, --lake names another lake");
    }
    if (!view.problem.ok()) return view.problem;
  }
  for (const View& view : views_) {  // a file that went, or was spoilt, after the view was made
    if (view.shown == nullptr) continue;
    if (Status told = ExplainBrokenFile(error, view.name, Folder(view), view.shown->files); told != error) return told;
  }
  return error;
}

std::vector<std::string> Session::ViewNames() const {
  std::vector<std::string> names;
  for (const View& view : views_) names.push_back(view.name.view);
  for (const Derived& derived : derived_) names.push_back(derived.view.name);
  names.push_back("sessions");
  return names;
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
