#include "base/json_writer.h"
#include "base/version.h"
#include "lake/actions.h"

namespace pregao::lake {
namespace {

void WriteStrings(std::string_view key, const std::vector<std::string>& strings, JsonWriter* json) {
  json->Key(key);
  json->BeginArray();
  for (const auto& text : strings) json->String(text);
  json->EndArray();
}

void WriteMap(std::string_view key, const std::map<std::string, std::string>& map, JsonWriter* json) {
  json->Key(key);
  json->BeginObject();
  for (const auto& [name, value] : map) {
    json->Key(name);
    json->String(value);
  }
  json->EndObject();
}

void WritePartitionValues(const PartitionValues& values, JsonWriter* json) {
  json->Key("partitionValues");
  json->BeginObject();
  for (const auto& [column, value] : values) {
    json->Key(column);
    value ? json->String(*value) : json->Null();
  }
  json->EndObject();
}

void WriteInfo(const CommitInfo& info, JsonWriter* json) {
  json->Key("timestamp");
  json->Int(info.timestamp.value);
  json->Key("operation");
  json->String(info.operation);
  WriteMap("operationParameters", {}, json);
  WriteMap("operationMetrics", info.metrics, json);
  json->Key("engineInfo");
  json->String(std::string("pregao/") + std::string(kVersion));
  json->Key("txnId");
  json->String(info.id);
}

void WriteProtocol(const Protocol& protocol, JsonWriter* json) {
  json->Key("minReaderVersion");
  json->Int(protocol.min_reader_version);
  json->Key("minWriterVersion");
  json->Int(protocol.min_writer_version);
  if (!protocol.reader_features.empty()) WriteStrings("readerFeatures", protocol.reader_features, json);
  if (!protocol.writer_features.empty()) WriteStrings("writerFeatures", protocol.writer_features, json);
}

void WriteMetadata(const Metadata& metadata, JsonWriter* json) {
  json->Key("id");
  json->String(metadata.id);
  if (!metadata.name.empty()) {
    json->Key("name");
    json->String(metadata.name);
  }
  if (!metadata.description.empty()) {
    json->Key("description");
    json->String(metadata.description);
  }
  json->Key("format");
  json->Raw(R"({"provider":"parquet","options":{}})");
  json->Key("schemaString");
  json->String(metadata.schema_string);
  WriteStrings("partitionColumns", metadata.partition_columns, json);
  WriteMap("configuration", metadata.configuration, json);
  if (metadata.created) {
    json->Key("createdTime");
    json->Int(metadata.created->value);
  }
}

void WriteAdd(const Add& add, JsonWriter* json) {
  json->Key("path");
  json->String(add.file->path);
  WritePartitionValues(add.file->partition_values, json);
  json->Key("size");
  json->Int(add.file->size);
  json->Key("modificationTime");
  json->Int(add.file->modified.value);
  json->Key("dataChange");
  json->Bool(add.data_change);
  if (!add.file->stats.empty()) {
    json->Key("stats");
    json->String(add.file->stats);
  }
}

void WriteRemove(const Remove& remove, JsonWriter* json) {
  json->Key("path");
  json->String(remove.path);
  if (remove.deleted) {
    json->Key("deletionTimestamp");
    json->Int(remove.deleted->value);
  }
  json->Key("dataChange");
  json->Bool(remove.data_change);
  json->Key("extendedFileMetadata");
  json->Bool(remove.size.has_value());
  if (!remove.size) return;
  WritePartitionValues(remove.partition_values, json);
  json->Key("size");
  json->Int(*remove.size);
}

void WriteTransaction(const SetTransaction& txn, JsonWriter* json) {
  json->Key("appId");
  json->String(txn.app_id);
  json->Key("version");
  json->Int(txn.version);
  if (txn.last_updated) {
    json->Key("lastUpdated");
    json->Int(txn.last_updated->value);
  }
}

/// Appends {"name":{…}} and a newline.
template <class Action, class Write>
void WriteLine(std::string_view name, const Action& action, Write write, std::string* out) {
  JsonWriter json;
  json.BeginObject();
  json.Key(name);
  json.BeginObject();
  write(action, &json);
  json.EndObject();
  json.EndObject();
  *out += json.str();
  out->push_back('\n');
}

}  // namespace

std::string WriteLogEntry(const LogEntry& entry) {
  std::string out;
  if (entry.info) WriteLine("commitInfo", *entry.info, WriteInfo, &out);
  if (entry.protocol) WriteLine("protocol", *entry.protocol, WriteProtocol, &out);
  if (entry.metadata) WriteLine("metaData", *entry.metadata, WriteMetadata, &out);
  for (const auto& txn : entry.transactions) WriteLine("txn", txn, WriteTransaction, &out);
  for (const auto& remove : entry.removes) WriteLine("remove", remove, WriteRemove, &out);
  for (const auto& add : entry.adds) WriteLine("add", add, WriteAdd, &out);
  return out;
}

}  // namespace pregao::lake
