#include <algorithm>
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>

#include "lake/checkpoint_file.h"

namespace pregao::lake {
namespace {

/// The columns we read; parsed statistics, tags and the like stay on disk.
constexpr std::string_view kColumns[] = {"txn.appId",
                                         "txn.version",
                                         "txn.lastUpdated",
                                         "add.path",
                                         "add.partitionValues.",
                                         "add.size",
                                         "add.modificationTime",
                                         "add.dataChange",
                                         "add.stats",
                                         "add.deletionVector.storageType",
                                         "remove.path",
                                         "remove.deletionTimestamp",
                                         "remove.dataChange",
                                         "remove.partitionValues.",
                                         "remove.size",
                                         "metaData.id",
                                         "metaData.name",
                                         "metaData.description",
                                         "metaData.format.provider",
                                         "metaData.schemaString",
                                         "metaData.partitionColumns.",
                                         "metaData.configuration.",
                                         "metaData.createdTime",
                                         "protocol.minReaderVersion",
                                         "protocol.minWriterVersion",
                                         "protocol.readerFeatures.",
                                         "protocol.writerFeatures."};

bool IsWanted(const std::string& path) {
  return std::ranges::any_of(kColumns, [&](std::string_view column) {
    return column.ends_with('.') ? path.starts_with(column) : path == column;
  });
}

/// Casts a column to what we expect, whatever string or integer type the writer chose. Null when absent.
template <class ArrayType>
Result<std::shared_ptr<ArrayType>> Child(const arrow::StructArray& parent, const std::string& name,
                                         const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::Array> child = parent.GetFieldByName(name);
  if (!child) return nullptr;
  if (!child->type()->Equals(*type)) {
    TRY_ASSIGN(child, arrow::compute::Cast(*child, type));
  }
  return std::static_pointer_cast<ArrayType>(child);
}

/// One kind of action of a chunk of rows.
class Columns {
 public:
  Columns(const arrow::StructArray& rows, std::string name) : rows_(rows), name_(std::move(name)) {}

  Result<std::optional<std::string>> OptionalText(const std::string& field, std::int64_t row) {
    TRY_ASSIGN(const auto* column, (Cached<arrow::StringArray>(field, arrow::utf8())));
    if (column == nullptr || column->IsNull(row)) return std::nullopt;
    return column->GetString(row);
  }
  Result<std::optional<std::int64_t>> OptionalNumber(const std::string& field, std::int64_t row) {
    TRY_ASSIGN(const auto* column, (Cached<arrow::Int64Array>(field, arrow::int64())));
    if (column == nullptr || column->IsNull(row)) return std::nullopt;
    return column->Value(row);
  }
  Result<std::optional<TimestampMs>> OptionalTime(const std::string& field, std::int64_t row) {
    TRY_ASSIGN(const auto number, OptionalNumber(field, row));
    if (!number) return std::nullopt;
    return TimestampMs(*number);
  }
  Result<std::string> Text(const std::string& field, std::int64_t row) {
    TRY_ASSIGN(auto text, OptionalText(field, row));
    if (!text) return Status::Invalid(name_, ".", field, " is missing");
    return std::move(*text);
  }
  Result<std::int64_t> Number(const std::string& field, std::int64_t row) {
    TRY_ASSIGN(const auto number, OptionalNumber(field, row));
    if (!number) return Status::Invalid(name_, ".", field, " is missing");
    return *number;
  }
  Result<std::vector<std::string>> Texts(const std::string& field, std::int64_t row) {
    std::vector<std::string> texts;
    TRY_ASSIGN(const auto* column, (Cached<arrow::ListArray>(field, arrow::list(arrow::utf8()))));
    if (column == nullptr || column->IsNull(row)) return texts;
    const auto& values = static_cast<const arrow::StringArray&>(*column->values());
    for (std::int64_t i = column->value_offset(row); i < column->value_offset(row + 1); ++i) {
      if (values.IsValid(i)) texts.push_back(values.GetString(i));
    }
    return texts;
  }
  Result<PartitionValues> TextMap(const std::string& field, std::int64_t row) {
    PartitionValues map;
    TRY_ASSIGN(const auto* column, (Cached<arrow::MapArray>(field, arrow::map(arrow::utf8(), arrow::utf8()))));
    if (column == nullptr || column->IsNull(row)) return map;
    const auto& keys = static_cast<const arrow::StringArray&>(*column->keys());
    const auto& items = static_cast<const arrow::StringArray&>(*column->items());
    for (std::int64_t i = column->value_offset(row); i < column->value_offset(row + 1); ++i) {
      std::optional<std::string> item;
      if (items.IsValid(i)) item = items.GetString(i);
      map.insert_or_assign(keys.GetString(i), std::move(item));
    }
    return map;
  }

  [[nodiscard]] bool IsNull(std::int64_t row) const { return rows_.IsNull(row); }
  [[nodiscard]] std::shared_ptr<arrow::Array> Field(const std::string& name) const {
    return rows_.GetFieldByName(name);
  }

 private:
  template <class ArrayType>
  Result<const ArrayType*> Cached(const std::string& field, const std::shared_ptr<arrow::DataType>& type) {
    auto found = cache_.find(field);
    if (found == cache_.end()) {
      TRY_ASSIGN(auto child, Child<ArrayType>(rows_, field, type));
      found = cache_.emplace(field, std::move(child)).first;
    }
    return static_cast<const ArrayType*>(found->second.get());
  }

  const arrow::StructArray& rows_;
  const std::string name_;
  std::map<std::string, std::shared_ptr<arrow::Array>> cache_;
};

Status ReadTransaction(Columns* in, std::int64_t row, LogEntry* out) {
  SetTransaction txn;
  TRY_ASSIGN(txn.app_id, in->Text("appId", row));
  TRY_ASSIGN(txn.version, in->Number("version", row));
  TRY_ASSIGN(txn.last_updated, in->OptionalTime("lastUpdated", row));
  out->transactions.push_back(std::move(txn));
  return Status::OK();
}

Status ReadAdd(Columns* in, std::int64_t row, LogEntry* out) {
  if (const auto vectors = in->Field("deletionVector"); vectors && vectors->IsValid(row)) {
    return Status::NotImplemented("deletion vectors; remove them with Spark: REORG TABLE … APPLY (PURGE)");
  }
  auto file = std::make_shared<DataFile>();
  TRY_ASSIGN(file->path, in->Text("path", row));
  TRY_ASSIGN(file->partition_values, in->TextMap("partitionValues", row));
  TRY_ASSIGN(file->size, in->Number("size", row));
  TRY_ASSIGN(const auto modified, in->OptionalTime("modificationTime", row));
  file->modified = modified.value_or(TimestampMs{});
  TRY_ASSIGN(auto stats, in->OptionalText("stats", row));
  file->stats = std::move(stats).value_or("");
  out->adds.push_back({std::move(file), /*data_change=*/false});
  return Status::OK();
}

Status ReadRemove(Columns* in, std::int64_t row, LogEntry* out) {
  Remove remove;
  remove.data_change = false;
  TRY_ASSIGN(remove.path, in->Text("path", row));
  TRY_ASSIGN(remove.partition_values, in->TextMap("partitionValues", row));
  TRY_ASSIGN(remove.size, in->OptionalNumber("size", row));
  TRY_ASSIGN(remove.deleted, in->OptionalTime("deletionTimestamp", row));
  out->removes.push_back(std::move(remove));
  return Status::OK();
}

Status ReadMetadata(Columns* in, std::int64_t row, LogEntry* out) {
  Metadata metadata;
  TRY_ASSIGN(metadata.id, in->Text("id", row));
  TRY_ASSIGN(auto name, in->OptionalText("name", row));
  TRY_ASSIGN(auto description, in->OptionalText("description", row));
  metadata.name = std::move(name).value_or("");
  metadata.description = std::move(description).value_or("");
  TRY_ASSIGN(metadata.schema_string, in->Text("schemaString", row));
  TRY_ASSIGN(metadata.partition_columns, in->Texts("partitionColumns", row));
  TRY_ASSIGN(auto configuration, in->TextMap("configuration", row));
  for (auto& [key, value] : configuration) metadata.configuration[key] = std::move(value).value_or("");
  TRY_ASSIGN(metadata.created, in->OptionalTime("createdTime", row));
  out->metadata = std::move(metadata);
  return Status::OK();
}

Status ReadProtocol(Columns* in, std::int64_t row, LogEntry* out) {
  Protocol protocol;
  TRY_ASSIGN(protocol.min_reader_version, in->Number("minReaderVersion", row));
  TRY_ASSIGN(protocol.min_writer_version, in->Number("minWriterVersion", row));
  TRY_ASSIGN(protocol.reader_features, in->Texts("readerFeatures", row));
  TRY_ASSIGN(protocol.writer_features, in->Texts("writerFeatures", row));
  out->protocol = std::move(protocol);
  return Status::OK();
}

Status ReadKind(const arrow::Table& table, const std::string& name, Status (*read)(Columns*, std::int64_t, LogEntry*),
                LogEntry* out) {
  const auto column = table.GetColumnByName(name);
  if (!column) return Status::OK();
  if (column->type()->id() != arrow::Type::STRUCT) return Status::Invalid("column ", name, " is not a struct");
  for (const auto& chunk : column->chunks()) {
    Columns columns(static_cast<const arrow::StructArray&>(*chunk), name);
    for (std::int64_t row = 0; row < chunk->length(); ++row) {
      if (!columns.IsNull(row)) TRY(read(&columns, row, out));
    }
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Table>> ReadTable(std::string bytes) {
  const auto buffer = arrow::Buffer::FromString(std::move(bytes));
  try {
    parquet::arrow::FileReaderBuilder builder;
    TRY(builder.Open(std::make_shared<arrow::io::BufferReader>(buffer)));
    std::unique_ptr<parquet::arrow::FileReader> reader;
    TRY(builder.Build(&reader));
    reader->set_use_threads(false);
    const auto* schema = reader->parquet_reader()->metadata()->schema();
    std::vector<int> wanted;
    for (int i = 0; i < schema->num_columns(); ++i) {
      if (IsWanted(schema->Column(i)->path()->ToDotString())) wanted.push_back(i);
    }
    TRY_ASSIGN(auto table, reader->ReadTable(wanted));
    TRY(table->ValidateFull());
    return table;
  } catch (const std::exception& e) {
    return Status::Invalid(e.what());
  }
}

Status ReadActions(std::string bytes, LogEntry* actions) {
  TRY_ASSIGN(const auto table, ReadTable(std::move(bytes)));
  TRY(ReadKind(*table, "protocol", ReadProtocol, actions));
  TRY(ReadKind(*table, "metaData", ReadMetadata, actions));
  TRY(ReadKind(*table, "txn", ReadTransaction, actions));
  TRY(ReadKind(*table, "remove", ReadRemove, actions));
  return ReadKind(*table, "add", ReadAdd, actions);
}

}  // namespace

Status ReadCheckpointFile(std::string bytes, std::string_view name, LogEntry* actions) {
  const Status status = ReadActions(std::move(bytes), actions);
  if (status.ok()) return status;
  if (status.IsNotImplemented()) return status.WithMessage(name, ": ", status.message());
  return Status::Invalid(name, " is damaged: ", status.message());
}

}  // namespace pregao::lake
