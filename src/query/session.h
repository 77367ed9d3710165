#pragma once
/// SQL over the lake's tables as they are at each statement.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/object_store.h"
#include "lake/table.h"
#include "market/calendar.h"
#include "query/database.h"
#include "query/file_cache.h"
#include "query/gold_views.h"
#include "query/portfolio_sql.h"

namespace pregao::query {

/// A view and the root of its table in the lake.
struct TableName {
  std::string view, root;
  std::string maker = "`pregao run` or `pregao silver`";  ///< what makes it, for messages
  bool always = true;                                     ///< a lake without it lacks something
};
/// bronze, silver, quarantine, bar_revisions (gold/bars as it is) and corporate_actions.
[[nodiscard]] const std::vector<TableName>& LakeTables();

/// A DuckDB database with a view for each table of a lake, DerivedViews() over them, and trading hours (sessions.h).
/// Each statement sees the newest version of each table, and of the watchlist where a portfolio is shown. Not
/// thread-safe but for Interrupt.
class Session {
 public:
  /// No table needs to exist. `clock` must outlive the session. A store that is no folder needs a `cache` of it.
  [[nodiscard]] static Result<std::unique_ptr<Session>> Open(std::shared_ptr<lake::ObjectStore> store,
                                                             const Clock* clock, const DatabaseOptions& options = {},
                                                             std::unique_ptr<FileCache> cache = nullptr,
                                                             PortfolioSource portfolio = {});

  /// A session for SQL that comes from outside: it only selects, and reads no file but the tables' own (see
  /// DatabaseOptions::only_folders). A text that names no table and is no SHOW needs none.
  [[nodiscard]] static Result<std::unique_ptr<Session>> OpenGuarded(std::shared_ptr<lake::ObjectStore> store,
                                                                    const Clock* clock, DatabaseOptions options = {},
                                                                    std::unique_ptr<FileCache> cache = nullptr,
                                                                    PortfolioSource portfolio = {});

  /// Whose trading hours `gaps` and `sessions` know, and whose zones the days of exchanges. To be said before the first
  /// statement; default: the built-in ones.
  void UseCalendars(market::Calendars calendars) { calendars_ = std::move(calendars); }

  /// Notes which tables the text names: a table that no text has named is not looked at, unless a text names none.
  [[nodiscard]] Result<std::unique_ptr<Statements>> Parse(const std::string& sql);
  /// Runs one statement on the newest versions. A statement on a table that is absent or damaged is Invalid and says
  /// so, with what makes the table.
  [[nodiscard]] Result<std::unique_ptr<ResultStream>> Run(Statements* statements, std::size_t index);
  /// Parse and Run of a text that holds one statement.
  [[nodiscard]] Result<std::unique_ptr<ResultStream>> Query(const std::string& sql);

  /// Brings every view to its table's newest version.
  void Refresh();
  /// `view` leaves out files of dates before `first` ("2026-11-22"), so that a bucket need not give them. Counts from
  /// the next version on that is shown. A table that is not partitioned by date shows all.
  void ShowFrom(const std::string& view, const std::string& first);
  /// From the newest date back to the one with which `rows` rows are there, by the files' statistics.
  void ShowNewest(const std::string& view, std::int64_t rows);
  /// From here on RefreshAdded counts: what `view` shows now (after Refresh or a statement on it) is known.
  void Follow(const std::string& view);
  /// Makes the view `<view>_added` of the files that came since Follow or the last call.
  /// @return whether it has any. KeyError: the table is absent.
  [[nodiscard]] Result<bool> RefreshAdded(const std::string& view);

  /// Names of all views, those that cannot be shown yet too, and sessions.
  [[nodiscard]] std::vector<std::string> ViewNames() const;
  /// The version that a view shows; null when its table is absent or damaged, and then Problem says why.
  [[nodiscard]] std::shared_ptr<const lake::Snapshot> Shown(const std::string& view) const;
  [[nodiscard]] Status Problem(const std::string& view) const;

  /// Ends the statement that runs now, or the download that it waits for: Cancelled.
  void Interrupt() {
    if (cache_) cache_->Interrupt();
    database_->Interrupt();
  }
  [[nodiscard]] Database* database() { return database_.get(); }

 private:
  struct View {
    TableName name;
    std::shared_ptr<lake::Table> table;              // null until it exists
    std::shared_ptr<const lake::Snapshot> shown;     // what the view in the database has
    std::shared_ptr<const lake::Snapshot> followed;  // what Follow and RefreshAdded have seen
    Status problem;
    std::string first_date;  // files of earlier dates are left out; empty: none are
    bool wanted = false;     // a text has named it; it may be read through a user's own view from then on
  };

  struct Derived {
    DerivedView view;
    bool wanted = false;                              // a text has named it
    std::shared_ptr<arrow::Schema> schema = nullptr;  // of its base when it was made; null: it is not there
    Status problem = Status::OK();
  };

  Session(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, std::unique_ptr<Database> database,
          std::unique_ptr<FileCache> cache, PortfolioSource portfolio);
  /// The view `name` of `files` of a version, for which the files are brought here if they are elsewhere.
  Status MakeView(const View& view, const std::string& name, const lake::Snapshot& snapshot,
                  std::span<const std::shared_ptr<const lake::DataFile>> files);
  Status RefreshView(View* view);
  void RefreshOrDrop(View* view);
  void RefreshDerived(const View& base);
  void ReadPortfolio();
  void DropDerived(const std::string& base);
  Result<std::shared_ptr<const lake::Snapshot>> Newest(View* view);
  [[nodiscard]] std::string Folder(const View& view) const {
    return (cache_ ? cache_->folder() : store_->uri()) + "/" + view.name.root;
  }
  [[nodiscard]] Status ProvideCalendars();
  [[nodiscard]] Status Explain(const Status& error) const;

  const std::shared_ptr<lake::ObjectStore> store_;
  const Clock* const clock_;
  const std::unique_ptr<FileCache> cache_;  // null: the store is a folder
  const std::unique_ptr<Database> database_;
  const PortfolioSource portfolio_;
  bool guarded_ = false;  // by OpenGuarded
  std::vector<View> views_;
  std::vector<Derived> derived_;
  std::optional<market::Calendars> calendars_;             // nullopt: the built-in ones
  bool calendars_named_ = false;                           // NameCalendars was done
  bool sessions_wanted_ = false, sessions_there_ = false;  // LoadSessions
};

}  // namespace pregao::query
