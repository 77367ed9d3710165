#include "lake/actions.h"
#include "lake/json_reader.h"

namespace pregao::lake {
namespace {

/// What a foreign writer says of its commit; nothing in it is required.
Status ParseInfo(const JsonFields& in, LogEntry* entry) {
  CommitInfo info;
  // Free-form by the protocol: a value of another type than ours is no fault.
  info.timestamp = in.OptionalTime("timestamp").ValueOr(std::nullopt).value_or(TimestampMs{});
  info.operation = in.OptionalString("operation").ValueOr(std::nullopt).value_or("");
  info.id = in.OptionalString("txnId").ValueOr(std::nullopt).value_or("");
  for (auto& [name, value] : in.StringMap("operationMetrics").ValueOr(PartitionValues{})) {
    if (value) info.metrics.insert_or_assign(name, *value);
  }
  entry->info = std::move(info);
  return Status::OK();
}

Status ParseProtocol(const JsonFields& in, LogEntry* entry) {
  Protocol protocol;
  TRY_ASSIGN(protocol.min_reader_version, in.Int("minReaderVersion"));
  TRY_ASSIGN(protocol.min_writer_version, in.Int("minWriterVersion"));
  TRY_ASSIGN(protocol.reader_features, in.Strings("readerFeatures"));
  TRY_ASSIGN(protocol.writer_features, in.Strings("writerFeatures"));
  entry->protocol = std::move(protocol);
  return Status::OK();
}

Status ParseMetadata(const JsonFields& in, LogEntry* entry) {
  Metadata metadata;
  TRY_ASSIGN(metadata.id, in.String("id"));
  TRY_ASSIGN(auto name, in.OptionalString("name"));
  TRY_ASSIGN(auto description, in.OptionalString("description"));
  metadata.name = std::move(name).value_or("");
  metadata.description = std::move(description).value_or("");
  TRY_ASSIGN(metadata.schema_string, in.String("schemaString"));
  TRY_ASSIGN(metadata.partition_columns, in.Strings("partitionColumns"));
  TRY_ASSIGN(auto configuration, in.StringMap("configuration"));
  for (auto& [key, value] : configuration) metadata.configuration[key] = std::move(value).value_or("");
  TRY_ASSIGN(metadata.created, in.OptionalTime("createdTime"));
  TRY_ASSIGN(const auto format, in.Object("format"));
  if (format) {
    TRY_ASSIGN(const auto provider, format->String("provider"));
    if (provider != "parquet") return Status::NotImplemented("data files of format '", provider, "'");
  }
  entry->metadata = std::move(metadata);
  return Status::OK();
}

Status RefuseDeletionVector(const JsonFields& in) {
  if (!in.Has("deletionVector")) return Status::OK();
  return Status::NotImplemented("deletion vectors; remove them with Spark: REORG TABLE … APPLY (PURGE)");
}

Status ParseAdd(const JsonFields& in, LogEntry* entry) {
  TRY(RefuseDeletionVector(in));
  auto file = std::make_shared<DataFile>();
  TRY_ASSIGN(file->path, in.String("path"));
  TRY_ASSIGN(file->partition_values, in.StringMap("partitionValues"));
  TRY_ASSIGN(file->size, in.Int("size"));
  if (file->size < 0) return Status::Invalid("add.size is negative: ", file->size);
  TRY_ASSIGN(const auto modified, in.Int("modificationTime"));
  file->modified = TimestampMs(modified);
  TRY_ASSIGN(auto stats, in.OptionalString("stats"));
  file->stats = std::move(stats).value_or("");
  TRY_ASSIGN(const bool data_change, in.Bool("dataChange"));
  entry->adds.push_back({std::move(file), data_change});
  return Status::OK();
}

Status ParseRemove(const JsonFields& in, LogEntry* entry) {
  Remove remove;
  TRY_ASSIGN(remove.path, in.String("path"));
  TRY_ASSIGN(remove.partition_values, in.StringMap("partitionValues"));
  TRY_ASSIGN(remove.size, in.OptionalInt("size"));
  TRY_ASSIGN(remove.deleted, in.OptionalTime("deletionTimestamp"));
  TRY_ASSIGN(remove.data_change, in.Bool("dataChange"));
  entry->removes.push_back(std::move(remove));
  return Status::OK();
}

Status ParseTransaction(const JsonFields& in, LogEntry* entry) {
  SetTransaction txn;
  TRY_ASSIGN(txn.app_id, in.String("appId"));
  TRY_ASSIGN(txn.version, in.Int("version"));
  TRY_ASSIGN(txn.last_updated, in.OptionalTime("lastUpdated"));
  entry->transactions.push_back(std::move(txn));
  return Status::OK();
}

using ParseAction = Status (*)(const JsonFields&, LogEntry*);

ParseAction FindParser(std::string_view action) {
  if (action == "add") return ParseAdd;
  if (action == "remove") return ParseRemove;
  if (action == "txn") return ParseTransaction;
  if (action == "commitInfo") return ParseInfo;
  if (action == "metaData") return ParseMetadata;
  if (action == "protocol") return ParseProtocol;
  return nullptr;  // cdc, domainMetadata, what the future brings: the protocol action decides whether we may ignore it
}

Status ParseLine(std::string_view line, simdjson::dom::parser* parser, LogEntry* entry) {
  TRY_ASSIGN(const auto object, ParseJsonObject(parser, line));
  for (const auto& [action, value] : object) {
    const ParseAction parse = FindParser(action);
    if (parse == nullptr || value.is_null()) continue;
    simdjson::dom::object fields;
    if (value.get(fields) != simdjson::SUCCESS) return Status::Invalid(action, " is not an object");
    if ((action == "metaData" && entry->metadata) || (action == "protocol" && entry->protocol)) {
      return Status::Invalid("a second ", action);
    }
    TRY(parse(JsonFields(fields, std::string(action)), entry));
  }
  return Status::OK();
}

}  // namespace

Result<LogEntry> ParseLogEntry(std::string_view bytes, std::string_view name) {
  LogEntry entry;
  simdjson::dom::parser parser;
  int line_number = 0, lines = 0;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    ++lines;
    if (const Status status = ParseLine(line, &parser, &entry); !status.ok()) {
      return status.WithMessage(name, ", line ", line_number, ": ", status.message());
    }
  }
  if (lines == 0) return Status::Invalid(name, " is empty: the log entry is damaged");
  return entry;
}

}  // namespace pregao::lake
