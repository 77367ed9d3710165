#include "query/database.h"

#include <arrow/c/abi.h>  // before duckdb.h, which only declares these structs
#include <arrow/c/bridge.h>
#include <arrow/table.h>
#include <atomic>
#include <duckdb.h>
#include <filesystem>
#include <vector>

namespace pregao::query {
namespace {

Status FromDuckDB(const char* message, duckdb_error_type type = DUCKDB_ERROR_INVALID) {
  const std::string text = message != nullptr ? message : "DuckDB failed without saying why";
  if (type == DUCKDB_ERROR_INTERRUPT || text.starts_with("INTERRUPT")) return Status::Cancelled("interrupted");
  if (type == DUCKDB_ERROR_IO || text.starts_with("IO Error")) return Status::IOError(text);
  return Status::Invalid(text);
}

Status Take(duckdb_error_data error) {
  Status status;
  if (duckdb_error_data_has_error(error)) {
    status = FromDuckDB(duckdb_error_data_message(error), duckdb_error_data_error_type(error));
  }
  duckdb_destroy_error_data(&error);
  return status;
}

// The database and its two connections; what is handed out shares it.
struct Handle {
  duckdb_database database = nullptr;
  duckdb_connection user = nullptr, service = nullptr;
  bool select_only = false;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    duckdb_disconnect(&user);
    duckdb_disconnect(&service);
    duckdb_close(&database);
  }
};

class Stream final : public ResultStream {
 public:
  // Takes the result over.
  Stream(std::shared_ptr<Handle> handle, duckdb_result result)
      : handle_(std::move(handle)), result_(result), options_(duckdb_result_get_arrow_options(&result_)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override {
    duckdb_destroy_arrow_options(&options_);
    duckdb_destroy_result(&result_);
  }

  Status ReadSchema() {
    std::vector<duckdb_logical_type> types;
    std::vector<const char*> names;
    const idx_t columns = duckdb_column_count(&result_);
    for (idx_t i = 0; i < columns; ++i) {
      types.push_back(duckdb_column_logical_type(&result_, i));
      names.push_back(duckdb_column_name(&result_, i));
    }
    ArrowSchema schema{};
    const Status status = Take(duckdb_to_arrow_schema(options_, types.data(), names.data(), columns, &schema));
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
    TRY(status);
    return arrow::ImportSchema(&schema).Value(&schema_);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    for (;;) {
      duckdb_data_chunk chunk = duckdb_fetch_chunk(result_);
      if (chunk == nullptr) {
        const char* const error = duckdb_result_error(&result_);
        if (error != nullptr && *error != '\0') return FromDuckDB(error, duckdb_result_error_type(&result_));
        return nullptr;
      }
      if (duckdb_data_chunk_get_size(chunk) == 0) {  // an empty chunk is not the end
        duckdb_destroy_data_chunk(&chunk);
        continue;
      }
      ArrowArray array{};
      const Status status = Take(duckdb_data_chunk_to_arrow(options_, chunk, &array));
      duckdb_destroy_data_chunk(&chunk);
      TRY(status);
      return arrow::ImportRecordBatch(&array, schema_);
    }
  }

 private:
  std::shared_ptr<Handle> handle_;
  duckdb_result result_;
  duckdb_arrow_options options_;
  std::shared_ptr<arrow::Schema> schema_;
};

class Parsed final : public Statements {
 public:
  Parsed(std::shared_ptr<Handle> handle, duckdb_extracted_statements statements, idx_t count)
      : handle_(std::move(handle)), statements_(statements), count_(count) {}
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  ~Parsed() override { duckdb_destroy_extracted(&statements_); }

  std::size_t size() const override { return count_; }

  Result<std::unique_ptr<ResultStream>> Run(std::size_t index) override {
    duckdb_prepared_statement prepared = nullptr;
    if (duckdb_prepare_extracted_statement(handle_->user, statements_, index, &prepared) == DuckDBError) {
      const Status status = FromDuckDB(duckdb_prepare_error(prepared));
      duckdb_destroy_prepare(&prepared);
      return status;
    }
    // Not EXPLAIN either: EXPLAIN ANALYZE runs what it explains.
    if (handle_->select_only && duckdb_prepared_statement_type(prepared) != DUCKDB_STATEMENT_TYPE_SELECT) {
      duckdb_destroy_prepare(&prepared);
      return Status::Invalid("only SELECT, WITH … SELECT, DESCRIBE and SHOW are run here");
    }
    duckdb_pending_result pending = nullptr;
    duckdb_result result{};
    Status status;
    if (duckdb_pending_prepared_streaming(prepared, &pending) == DuckDBError) {
      status = FromDuckDB(duckdb_pending_error(pending));
    } else if (duckdb_execute_pending(pending, &result) == DuckDBError) {
      status = FromDuckDB(duckdb_result_error(&result), duckdb_result_error_type(&result));
      duckdb_destroy_result(&result);
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&prepared);
    TRY(status);
    auto stream = std::make_unique<Stream>(handle_, result);
    TRY(stream->ReadSchema());
    return stream;
  }

 private:
  std::shared_ptr<Handle> handle_;
  duckdb_extracted_statements statements_;
  idx_t count_;
};

class DuckDB final : public Database {
 public:
  explicit DuckDB(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

  Result<std::unique_ptr<Statements>> Parse(const std::string& sql) override {
    duckdb_extracted_statements statements = nullptr;
    const idx_t count = duckdb_extract_statements(handle_->user, sql.c_str(), &statements);
    const char* const error = duckdb_extract_statements_error(statements);
    if (error != nullptr) {
      const Status status = FromDuckDB(error);
      duckdb_destroy_extracted(&statements);
      return status;
    }
    return std::make_unique<Parsed>(handle_, statements, count);
  }

  Status Execute(const std::string& sql) override { return ExecuteOn(handle_->service, sql); }

  Status Append(const std::string& table, std::span<const NamedNumbers> rows) override {
    duckdb_appender appender = nullptr;
    bool ok = duckdb_appender_create(handle_->service, nullptr, table.c_str(), &appender) == DuckDBSuccess;
    for (std::size_t i = 0; ok && i < rows.size(); ++i) {
      ok = duckdb_append_varchar_length(appender, rows[i].name.data(), rows[i].name.size()) == DuckDBSuccess;
      for (const std::int64_t number : rows[i].numbers)
        ok = ok && duckdb_append_int64(appender, number) == DuckDBSuccess;
      ok = ok && duckdb_appender_end_row(appender) == DuckDBSuccess;
    }
    ok = ok && duckdb_appender_close(appender) == DuckDBSuccess;
    const Status status = ok ? Status::OK() : Take(duckdb_appender_error_data(appender));
    duckdb_appender_destroy(&appender);
    return ok || !status.ok() ? status : Status::IOError("DuckDB took no rows for ", table);
  }

  static Status ExecuteOn(duckdb_connection connection, const std::string& sql) {
    duckdb_result result{};
    Status status;
    if (duckdb_query(connection, sql.c_str(), &result) == DuckDBError) {
      status = FromDuckDB(duckdb_result_error(&result), duckdb_result_error_type(&result));
    }
    duckdb_destroy_result(&result);
    return status;
  }

  void Interrupt() override { duckdb_interrupt(handle_->user); }

 private:
  std::shared_ptr<Handle> handle_;
};

Result<duckdb_config> MakeConfig(const DatabaseOptions& options) {
  std::error_code error;
  const auto temporary = std::filesystem::temp_directory_path(error) / "pregao-duckdb";
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) return Status::OutOfMemory("DuckDB made no configuration");
  const std::vector<std::pair<const char*, std::string>> values{
      {"memory_limit", options.memory_limit}, {"threads", std::to_string(options.threads)},
      {"temp_directory", temporary.string()}, {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
  };
  for (const auto& [name, value] : values) {
    if (duckdb_set_config(config, name, value.c_str()) == DuckDBError) {
      duckdb_destroy_config(&config);
      return Status::Invalid("DuckDB refuses ", name, " = ", value);
    }
  }
  return config;
}

std::string FolderList(const std::vector<std::string>& folders) {
  std::string list;
  for (const std::string& folder : folders) {
    list += (list.empty() ? "" : ", ") + QuoteText(folder.ends_with('/') ? folder : folder + "/");
  }
  return "[" + list + "]";
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  TRY_ASSIGN(duckdb_config config, MakeConfig(options));
  auto handle = std::make_shared<Handle>();
  char* error = nullptr;
  const duckdb_state opened = duckdb_open_ext(nullptr, &handle->database, config, &error);
  duckdb_destroy_config(&config);
  if (opened == DuckDBError) {
    const Status status = FromDuckDB(error);
    duckdb_free(error);
    return status;
  }
  for (duckdb_connection* connection : {&handle->user, &handle->service}) {
    if (duckdb_connect(handle->database, connection) == DuckDBError) return Status::IOError("DuckDB did not connect");
    TRY(DuckDB::ExecuteOn(*connection, "SET TimeZone = 'UTC'"));
  }
  if (!options.spill_limit.empty()) {  // DuckDB forgets it where it stands in the configuration
    TRY(DuckDB::ExecuteOn(handle->service, "SET max_temp_directory_size = " + QuoteText(options.spill_limit)));
  }
  if (!options.only_folders.empty()) {
    TRY(DuckDB::ExecuteOn(handle->service, "SET allowed_directories = " + FolderList(options.only_folders)));
    TRY(DuckDB::ExecuteOn(handle->service, "SET enable_external_access = false; SET lock_configuration = true"));
    handle->select_only = true;
  }
  return std::make_unique<DuckDB>(std::move(handle));
}

Result<std::shared_ptr<arrow::Table>> QueryAll(Database* database, const std::string& sql) {
  TRY_ASSIGN(const auto statements, database->Parse(sql));
  if (statements->size() != 1) return Status::Invalid("one statement expected: ", sql);
  TRY_ASSIGN(const auto stream, statements->Run(0));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (;;) {
    TRY_ASSIGN(auto batch, stream->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(stream->schema(), batches);
}

namespace {
std::string Quote(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += c;
    out += c;
  }
  return out + quote;
}
}  // namespace

std::string QuoteName(const std::string& name) { return Quote(name, '"'); }
std::string QuoteText(const std::string& text) { return Quote(text, '\''); }

}  // namespace pregao::query
