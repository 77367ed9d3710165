#pragma once
/// DuckDB, embedded: SQL in, Arrow batches out, a chunk at a time.
#include <array>
#include <arrow/record_batch.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pregao::query {

struct DatabaseOptions {
  std::string memory_limit = "1GiB";  ///< beyond it DuckDB spills to the temporary folder
  std::string spill_limit = "";       ///< what the spilt may take: "1GiB"; empty: as much as DuckDB finds right
  int threads = 2;
  /// Not empty: SQL that comes from outside. It only selects; files outside these folders, the network, extensions and
  /// settings are out of its reach (docs/adr/0024).
  std::vector<std::string> only_folders = {};
};

/// A result that is computed as it is read. Not thread-safe; read it to its end or drop it before the next statement.
class ResultStream {
 public:
  virtual ~ResultStream() = default;
  [[nodiscard]] virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The next rows (at most some thousands), null at the end. Cancelled after Interrupt.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// Statements parsed out of one text. Each is bound only when it is run, so it may use what an earlier one made.
class Statements {
 public:
  virtual ~Statements() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Invalid with DuckDB's message, which shows the line and place; Cancelled after Interrupt.
  [[nodiscard]] virtual Result<std::unique_ptr<ResultStream>> Run(std::size_t index) = 0;
};

struct NamedNumbers {
  std::string_view name;
  std::array<std::int64_t, 3> numbers;
};

/// One in-memory database and one connection to it, time zone UTC. It reads files that SQL names (unless
/// DatabaseOptions::only_folders says which), and installs nothing from the network. Not thread-safe but for Interrupt.
/// What it hands out keeps it alive.
class Database {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options = {});
  virtual ~Database() = default;
  /// Invalid when the text is not SQL, with the line and place.
  [[nodiscard]] virtual Result<std::unique_ptr<Statements>> Parse(const std::string& sql) = 0;
  /// Runs a text whose rows nobody wants, on a connection of its own, so that no transaction of the user is in the way.
  [[nodiscard]] virtual Status Execute(const std::string& sql) = 0;
  /// Appends rows to a table whose columns are a VARCHAR and then BIGINTs.
  [[nodiscard]] virtual Status Append(const std::string& table, std::span<const NamedNumbers> rows) = 0;
  /// Stops the running statement, from any thread.
  virtual void Interrupt() = 0;
};

/// The whole of a small result as one table: for tests, audits and checks. The text is one statement.
[[nodiscard]] Result<std::shared_ptr<arrow::Table>> QueryAll(Database* database, const std::string& sql);

/// `name` as an SQL identifier and `text` as an SQL string.
[[nodiscard]] std::string QuoteName(const std::string& name);
[[nodiscard]] std::string QuoteText(const std::string& text);

}  // namespace pregao::query
