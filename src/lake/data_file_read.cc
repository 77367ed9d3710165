#include <algorithm>
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <cstring>
#include <parquet/arrow/reader.h>

#include "lake/data_file.h"
#include "lake/partition_path.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

/// A file up to this is fetched whole, in one call, instead of footer and columns.
constexpr std::int64_t kFetchWhole = 256 << 10;

/// An object as Arrow reads files. For one thread.
class ObjectFile final : public arrow::io::RandomAccessFile {
 public:
  /// `store` must outlive the file.
  ObjectFile(ObjectStore* store, std::string path, std::int64_t size)
      : store_(store), path_(std::move(path)), size_(size) {}

  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  [[nodiscard]] bool closed() const override { return closed_; }
  Result<std::int64_t> GetSize() override { return size_; }
  Result<std::int64_t> Tell() const override { return position_; }
  Status Seek(std::int64_t position) override {
    position_ = position;
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t count) override {
    if (position < 0 || position > size_) return Status::Invalid("read at ", position, " of ", size_, " bytes");
    count = std::min(count, size_ - position);
    if (!IsSmall()) return Fetch(position, count);
    if (!whole_) {
      TRY_ASSIGN(whole_, Fetch(0, size_));
    }
    return arrow::SliceBuffer(whole_, position, count);
  }
  Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override {
    TRY_ASSIGN(const auto buffer, ReadAt(position, count));
    std::memcpy(out, buffer->data(), static_cast<std::size_t>(buffer->size()));
    return buffer->size();
  }
  Result<std::int64_t> Read(std::int64_t count, void* out) override {
    TRY_ASSIGN(const std::int64_t read, ReadAt(position_, count, out));
    position_ += read;
    return read;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    TRY_ASSIGN(auto buffer, ReadAt(position_, count));
    position_ += buffer->size();
    return buffer;
  }
  /// What the store last refused, as the Parquet reader's own errors do not tell it from damage.
  [[nodiscard]] const Status& fault() const { return fault_; }
  [[nodiscard]] bool IsSmall() const { return size_ <= kFetchWhole; }

 private:
  Result<std::shared_ptr<arrow::Buffer>> Fetch(std::int64_t position, std::int64_t count) {
    auto bytes = store_->GetRange(path_, position, count);
    if (!bytes.ok()) fault_ = bytes.status();
    TRY(bytes.status());
    return arrow::Buffer::FromString(std::move(*bytes));
  }

  ObjectStore* const store_;
  const std::string path_;
  const std::int64_t size_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::shared_ptr<arrow::Buffer> whole_;  // of a small file, once it was read
  Status fault_;
};

/// The top-level columns of `file` that are among `columns`.
Result<std::shared_ptr<arrow::Table>> ReadColumns(const std::shared_ptr<ObjectFile>& file,
                                                  const std::vector<std::string>& columns) {
  try {
    parquet::arrow::FileReaderBuilder builder;
    TRY(builder.Open(file));
    auto properties = parquet::default_arrow_reader_properties();
    properties.set_pre_buffer(!file->IsSmall());  // neighbouring columns in one read, by other threads
    properties.set_use_threads(false);
    std::unique_ptr<parquet::arrow::FileReader> reader;
    TRY(builder.properties(properties)->Build(&reader));
    const auto* schema = reader->parquet_reader()->metadata()->schema();
    std::vector<int> wanted;
    for (int i = 0; i < schema->num_columns(); ++i) {
      const std::string name = schema->Column(i)->path()->ToDotString();
      if (std::find(columns.begin(), columns.end(), name) != columns.end()) wanted.push_back(i);
    }
    TRY_ASSIGN(auto table, reader->ReadTable(wanted));
    const std::int64_t rows = reader->parquet_reader()->metadata()->num_rows();
    if (wanted.empty()) table = arrow::Table::Make(table->schema(), table->columns(), rows);
    return table;
  } catch (const std::exception& e) {
    return Status::Invalid(e.what());
  }
}

/// `value` in every row; Delta's text form of partition values.
Result<std::shared_ptr<arrow::ChunkedArray>> Constant(const arrow::Field& field,
                                                      const std::optional<std::string>& value, std::int64_t rows) {
  std::shared_ptr<arrow::Array> array;
  if (!value || value->empty()) {
    TRY_ASSIGN(array, arrow::MakeArrayOfNull(field.type(), rows));
  } else {
    TRY_ASSIGN(const auto scalar, arrow::Scalar::Parse(field.type(), *value));
    TRY_ASSIGN(array, arrow::MakeArrayFromScalar(*scalar, rows));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(array));
}

Result<std::shared_ptr<arrow::ChunkedArray>> Column(const arrow::Field& field, const arrow::Table& table,
                                                    const DataFile& file) {
  if (const auto value = file.partition_values.find(field.name()); value != file.partition_values.end()) {
    return Constant(field, value->second, table.num_rows());
  }
  const auto column = table.GetColumnByName(field.name());
  if (!column) return Constant(field, std::nullopt, table.num_rows());
  if (column->type()->Equals(*field.type())) return column;
  // Another writer's idea of the same type: INT96 timestamps, large strings.
  TRY_ASSIGN(const auto cast, arrow::compute::Cast(column, field.type()));
  return cast.chunked_array();
}

Result<std::shared_ptr<arrow::Table>> Assemble(const arrow::Table& table, const DataFile& file,
                                               const arrow::Schema& schema, const std::vector<std::string>& columns) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector data;
  for (const auto& name : columns) {
    fields.push_back(schema.GetFieldByName(name));
    TRY_ASSIGN(data.emplace_back(), Column(*fields.back(), table, file));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(data), table.num_rows());
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> ReadDataFile(ObjectStore* store, const std::string& root, const DataFile& file,
                                                   const arrow::Schema& schema,
                                                   const std::vector<std::string>& columns) {
  for (const auto& name : columns) {
    if (!schema.GetFieldByName(name)) return Status::Invalid("the table has no column '", name, "'");
  }
  const std::string relative = UrlDecodePath(file.path);
  if (relative.starts_with('/') || relative.find("://") != std::string::npos) {
    return Status::NotImplemented("data file ", file.path,
                                  " lies outside its table (a shallow clone?): copy the table");
  }
  const std::string path = JoinPath(root, relative);
  const std::string name = JoinPath(store->uri(), path);
  const auto object = std::make_shared<ObjectFile>(store, path, file.size);
  const auto table = ReadColumns(object, columns);
  if (object->fault().IsKeyError()) {
    return Status::Invalid(name, " is missing, though the log names it: restore it");
  }
  if (object->fault().IsIOError()) return object->fault();
  if (!table.ok()) return Status::Invalid(name, " is damaged: ", table.status().message());
  const auto assembled = Assemble(**table, file, schema, columns);
  return assembled.ok() ? assembled : Status::Invalid(name, " does not fit the table: ", assembled.status().message());
}

}  // namespace pregao::lake
