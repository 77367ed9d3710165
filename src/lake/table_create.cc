/// Creating a table, and bringing an older one up to a newer schema.
#include <charconv>

#include "lake/commit.h"
#include "lake/delta_log.h"
#include "lake/delta_schema.h"
#include "lake/log_path.h"
#include "lake/store_path.h"
#include "lake/table.h"

namespace pregao::lake {
namespace {

constexpr char kSchemaVersion[] = "pregao.schema";

/// The value of `pregao.schema`; 0 when there is none.
Result<std::int64_t> SchemaVersion(const std::map<std::string, std::string>& properties) {
  const auto found = properties.find(kSchemaVersion);
  if (found == properties.end()) return 0;
  const std::string& text = found->second;
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::Invalid("table property ", kSchemaVersion, " is '", text, "': a whole number is expected");
  }
  return version;
}

std::string Listed(const std::vector<std::string>& columns) {
  std::string text;
  for (const auto& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text.empty() ? "nothing" : text;
}

Result<LogEntry> FirstEntry(const TableSpec& spec, TimestampMs now) {
  for (const auto& column : spec.partition_columns) {
    if (!spec.schema->GetFieldByName(column)) {
      return Status::Invalid("partition column '", column, "' is not in the schema");
    }
  }
  LogEntry entry;
  entry.info = CommitInfo{now, "CREATE TABLE", {}, NewUuid()};
  entry.protocol = Protocol{};
  Metadata metadata;
  metadata.id = NewUuid();
  TRY_ASSIGN(metadata.schema_string, WriteDeltaSchema(*spec.schema));
  metadata.partition_columns = spec.partition_columns;
  metadata.configuration = spec.properties;
  metadata.created = now;
  entry.metadata = std::move(metadata);
  return entry;
}

/// The columns of `spec` that `schema` lacks. Invalid when one is there with another type.
Result<arrow::FieldVector> MissingColumns(const TableSpec& spec, const arrow::Schema& schema) {
  arrow::FieldVector missing;
  for (const auto& field : spec.schema->fields()) {
    const auto present = schema.GetFieldByName(field->name());
    if (!present) {
      missing.push_back(field);
    } else if (!present->type()->Equals(*field->type())) {
      return Status::Invalid("column '", field->name(), "' has type ", present->type()->ToString(), " where ",
                             field->type()->ToString(), " is expected: choose another lake");
    }
  }
  return missing;
}

/// Brings `metadata` up to `spec`. @return whether anything changed.
Result<bool> UpgradeMetadata(const TableSpec& spec, Metadata* metadata) {
  if (metadata->partition_columns != spec.partition_columns) {
    return Status::Invalid("the table is partitioned by ", Listed(metadata->partition_columns), ", not by ",
                           Listed(spec.partition_columns), ": set engine.partition-by to that, or choose another lake");
  }
  TRY_ASSIGN(const std::int64_t present, SchemaVersion(metadata->configuration));
  TRY_ASSIGN(const std::int64_t wanted, SchemaVersion(spec.properties));
  if (present > wanted) {
    return Status::NotImplemented("the table has ", kSchemaVersion, " ", present, ", this program knows up to ", wanted,
                                  ": use a newer pregao");
  }
  TRY_ASSIGN(const auto schema, ParseDeltaSchema(metadata->schema_string));
  TRY_ASSIGN(const auto missing, MissingColumns(spec, *schema));
  if (present == wanted) {
    if (missing.empty()) return false;
    return Status::Invalid("the table lacks column '", missing.front()->name(), "' though its ", kSchemaVersion, " is ",
                           present, ": choose another lake");
  }
  arrow::FieldVector fields = schema->fields();
  for (const auto& field : missing) {
    if (!field->nullable()) return Status::Invalid("column '", field->name(), "' cannot be added: it is not nullable");
    fields.push_back(field);
  }
  TRY_ASSIGN(metadata->schema_string, WriteDeltaSchema(arrow::Schema(fields)));
  for (const auto& [key, value] : spec.properties) metadata->configuration.try_emplace(key, value);
  metadata->configuration[kSchemaVersion] = std::to_string(wanted);
  return true;
}

}  // namespace

Result<std::shared_ptr<Table>> Table::OpenOrCreate(std::shared_ptr<ObjectStore> store, std::string root,
                                                   const TableSpec& spec, const Clock* clock, TableOptions options) {
  Status last;
  for (int attempt = 1; attempt <= options.max_attempts; ++attempt) {
    if (attempt > 1) BackOff(options.retry_backoff, attempt - 1);
    auto table = Open(store, root, clock, options);
    if (table.ok()) {
      TRY((*table)->Upgrade(spec));
      return table;
    }
    if (!table.status().IsKeyError()) return table.status();
    TRY_ASSIGN(const LogEntry entry, FirstEntry(spec, clock->Now()));
    // Whatever the answer, a table of ours or of a rival's may be there now: open it.
    const auto outcome = store->PutIfAbsent(LogEntryPath(root, TableVersion(0)), WriteLogEntry(entry));
    last = outcome.status();
    if (outcome.ok()) {
      TRY_ASSIGN(auto created, Open(store, root, clock, options));
      TRY(created->Upgrade(spec));
      return created;
    }
    if (!last.IsIOError()) return last;
  }
  return last.WithMessage("cannot create table ", root, ": ", last.message());
}

Status Table::Upgrade(const TableSpec& spec) {
  const Status status =
      UpdateMetadata("ADD COLUMNS", [&](Metadata* metadata) { return UpgradeMetadata(spec, metadata); });
  return status.ok() ? status : status.WithMessage("table ", JoinPath(store_->uri(), root_), ": ", status.message());
}

}  // namespace pregao::lake
