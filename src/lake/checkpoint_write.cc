#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

#include "lake/checkpoint_file.h"

namespace pregao::lake {
namespace {

using arrow::field;
using BuilderPtr = std::unique_ptr<arrow::ArrayBuilder>;

std::shared_ptr<arrow::DataType> StringMapType() { return arrow::map(arrow::utf8(), arrow::utf8()); }

std::shared_ptr<arrow::Schema> CheckpointSchema() {
  const auto text = arrow::utf8();
  const auto number = arrow::int64();
  const auto flag = arrow::boolean();
  const auto format = arrow::struct_({field("provider", text), field("options", StringMapType())});
  return arrow::schema({
      field("txn", arrow::struct_({field("appId", text), field("version", number), field("lastUpdated", number)})),
      field("add",
            arrow::struct_({field("path", text), field("partitionValues", StringMapType()), field("size", number),
                            field("modificationTime", number), field("dataChange", flag), field("stats", text)})),
      field("remove", arrow::struct_({field("path", text), field("deletionTimestamp", number),
                                      field("dataChange", flag), field("extendedFileMetadata", flag),
                                      field("partitionValues", StringMapType()), field("size", number)})),
      field("metaData",
            arrow::struct_({field("id", text), field("name", text), field("description", text), field("format", format),
                            field("schemaString", text), field("partitionColumns", arrow::list(text)),
                            field("configuration", StringMapType()), field("createdTime", number)})),
      field("protocol",
            arrow::struct_({field("minReaderVersion", arrow::int32()), field("minWriterVersion", arrow::int32())})),
  });
}

/// Appends to the children of a struct builder in their order; a nullopt is a null.
class StructRow {
 public:
  explicit StructRow(arrow::ArrayBuilder* builder) : builder_(static_cast<arrow::StructBuilder*>(builder)) {}
  Status Begin() {
    next_ = 0;
    return builder_->Append();
  }
  Status Text(const std::optional<std::string>& value) {
    auto* child = Next<arrow::StringBuilder>();
    return value ? child->Append(*value) : child->AppendNull();
  }
  Status TextOrNull(const std::string& value) { return Text(value.empty() ? std::nullopt : std::optional(value)); }
  Status Number(std::optional<std::int64_t> value) {
    auto* child = Next<arrow::Int64Builder>();
    return value ? child->Append(*value) : child->AppendNull();
  }
  Status Time(std::optional<TimestampMs> value) { return Number(value ? std::optional(value->value) : std::nullopt); }
  Status Flag(bool value) { return Next<arrow::BooleanBuilder>()->Append(value); }
  Status Int32(std::int64_t value) { return Next<arrow::Int32Builder>()->Append(static_cast<std::int32_t>(value)); }
  template <class Map>
  Status TextMap(const Map& map) {
    auto* child = Next<arrow::MapBuilder>();
    TRY(child->Append());
    for (const auto& [key, value] : map) {
      TRY(static_cast<arrow::StringBuilder*>(child->key_builder())->Append(key));
      const std::optional<std::string> item(value);
      auto* items = static_cast<arrow::StringBuilder*>(child->item_builder());
      TRY(item ? items->Append(*item) : items->AppendNull());
    }
    return Status::OK();
  }
  Status TextList(const std::vector<std::string>& texts) {
    auto* child = Next<arrow::ListBuilder>();
    TRY(child->Append());
    return static_cast<arrow::StringBuilder*>(child->value_builder())->AppendValues(texts);
  }
  arrow::ArrayBuilder* Struct() { return Next<arrow::ArrayBuilder>(); }

 private:
  template <class Builder>
  Builder* Next() {
    return static_cast<Builder*>(builder_->field_builder(next_++));
  }
  arrow::StructBuilder* builder_;
  int next_ = 0;
};

Status AppendTransactions(const LogEntry& actions, arrow::ArrayBuilder* builder) {
  StructRow row(builder);
  for (const auto& txn : actions.transactions) {
    TRY(row.Begin());
    TRY(row.Text(txn.app_id));
    TRY(row.Number(txn.version));
    TRY(row.Time(txn.last_updated));
  }
  return Status::OK();
}

Status AppendAdds(const LogEntry& actions, arrow::ArrayBuilder* builder) {
  StructRow row(builder);
  for (const auto& [file, data_change] : actions.adds) {
    TRY(row.Begin());
    TRY(row.Text(file->path));
    TRY(row.TextMap(file->partition_values));
    TRY(row.Number(file->size));
    TRY(row.Time(file->modified));
    TRY(row.Flag(data_change));
    TRY(row.TextOrNull(file->stats));
  }
  return Status::OK();
}

Status AppendRemoves(const LogEntry& actions, arrow::ArrayBuilder* builder) {
  StructRow row(builder);
  for (const auto& remove : actions.removes) {
    TRY(row.Begin());
    TRY(row.Text(remove.path));
    TRY(row.Time(remove.deleted));
    TRY(row.Flag(remove.data_change));
    TRY(row.Flag(remove.size.has_value()));
    TRY(row.TextMap(remove.partition_values));
    TRY(row.Number(remove.size));
  }
  return Status::OK();
}

Status AppendMetadata(const LogEntry& actions, arrow::ArrayBuilder* builder) {
  if (!actions.metadata) return Status::OK();
  const Metadata& metadata = *actions.metadata;
  StructRow row(builder);
  TRY(row.Begin());
  TRY(row.Text(metadata.id));
  TRY(row.TextOrNull(metadata.name));
  TRY(row.TextOrNull(metadata.description));
  StructRow format(row.Struct());
  TRY(format.Begin());
  TRY(format.Text("parquet"));
  TRY(format.TextMap(std::map<std::string, std::string>{}));
  TRY(row.Text(metadata.schema_string));
  TRY(row.TextList(metadata.partition_columns));
  TRY(row.TextMap(metadata.configuration));
  return row.Time(metadata.created);
}

Status AppendProtocol(const LogEntry& actions, arrow::ArrayBuilder* builder) {
  if (!actions.protocol) return Status::OK();
  StructRow row(builder);
  TRY(row.Begin());
  TRY(row.Int32(actions.protocol->min_reader_version));
  return row.Int32(actions.protocol->min_writer_version);
}

/// One column a kind of action, one row an action: every kind has rows of its own and is null in the others'.
Result<std::shared_ptr<arrow::Table>> MakeTable(const LogEntry& actions) {
  using Append = Status (*)(const LogEntry&, arrow::ArrayBuilder*);
  const std::vector<std::pair<Append, std::size_t>> kinds{{AppendTransactions, actions.transactions.size()},
                                                          {AppendAdds, actions.adds.size()},
                                                          {AppendRemoves, actions.removes.size()},
                                                          {AppendMetadata, actions.metadata ? 1 : 0},
                                                          {AppendProtocol, actions.protocol ? 1 : 0}};
  std::size_t total = 0, before = 0;
  for (const auto& [append, count] : kinds) total += count;
  const auto schema = CheckpointSchema();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto [append, count] = kinds[i];
    TRY_ASSIGN(BuilderPtr builder, arrow::MakeBuilder(schema->field(static_cast<int>(i))->type()));
    TRY(builder->AppendNulls(static_cast<std::int64_t>(before)));
    TRY(append(actions, builder.get()));
    before += count;
    TRY(builder->AppendNulls(static_cast<std::int64_t>(total - before)));
    TRY_ASSIGN(columns.emplace_back(), builder->Finish());
  }
  return arrow::Table::Make(schema, std::move(columns), static_cast<std::int64_t>(total));
}

}  // namespace

Result<std::string> WriteCheckpointFile(const LogEntry& actions) {
  TRY_ASSIGN(const auto table, MakeTable(actions));
  TRY_ASSIGN(const auto sink, arrow::io::BufferOutputStream::Create());
  const auto properties = parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  try {
    constexpr std::int64_t kRowGroup = 100'000;
    TRY(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRowGroup, properties));
  } catch (const std::exception& e) {
    return Status::UnknownError("cannot encode a checkpoint: ", e.what());
  }
  TRY_ASSIGN(const auto buffer, sink->Finish());
  return buffer->ToString();
}

}  // namespace pregao::lake
