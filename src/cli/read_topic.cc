#include <algorithm>
#include <arrow/builder.h>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/read.h"
#include "cli/topics.h"

namespace pregao::cli {
namespace {

constexpr std::size_t kBatchRecords = 2000;
constexpr std::chrono::milliseconds kFirstPoll{5'000}, kPoll{200}, kPatience{30'000};

struct Row {
  Partition partition;
  Offset offset;
  TimestampMs timestamp;
  std::optional<std::string> key, value;
  std::string headers;
};

std::string HeaderText(std::span<const topic::Header> headers) {
  if (headers.empty()) return "";
  JsonWriter w;
  w.BeginObject();
  for (const topic::Header& header : headers) {
    w.Key(IsUtf8(header.key) ? header.key : Printable(header.key));
    w.String(IsUtf8(header.value) ? header.value : Printable(header.value));
  }
  w.EndObject();
  return w.Take();
}

std::shared_ptr<arrow::Schema> RowSchema(bool headers) {
  using arrow::field;
  arrow::FieldVector fields{field("partition", arrow::int32()), field("offset", arrow::int64()),
                            field("timestamp", arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")),
                            field("key", arrow::binary()), field("value", arrow::binary())};
  if (headers) fields.push_back(field("headers", arrow::utf8()));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::shared_ptr<arrow::Schema>& schema,
                                                    const std::deque<Row>& rows) {
  arrow::Int32Builder partition;
  arrow::Int64Builder offset;
  arrow::TimestampBuilder timestamp(schema->field(2)->type(), arrow::default_memory_pool());
  arrow::BinaryBuilder key, value;
  arrow::StringBuilder headers;
  for (const Row& row : rows) {
    TRY(partition.Append(row.partition.value));
    TRY(offset.Append(row.offset.value));
    TRY(timestamp.Append(row.timestamp.value));
    TRY(row.key ? key.Append(*row.key) : key.AppendNull());
    TRY(row.value ? value.Append(*row.value) : value.AppendNull());
    TRY(row.headers.empty() ? headers.AppendNull() : headers.Append(row.headers));
  }
  arrow::ArrayVector arrays;
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&partition, &offset, &timestamp, &key, &value, &headers}) {
    if (static_cast<int>(arrays.size()) == schema->num_fields()) break;
    TRY_ASSIGN(arrays.emplace_back(), builder->Finish());
  }
  return arrow::RecordBatch::Make(schema, static_cast<std::int64_t>(rows.size()), arrays);
}

// One run of the command over an open topic.
class TopicScan {
 public:
  TopicScan(const Context& context, const ReadOptions& options, std::unique_ptr<topic::TopicReader> reader)
      : context_(context),
        options_(options),
        newest_(options.Newest()),
        reader_(std::move(reader)),
        schema_(RowSchema(options.what == "dead-letter")),
        printer_(query::MakePrinter(Format(), schema_, WriteOut)) {}

  Result<ExitCode> Run() {
    TRY_ASSIGN(const auto ranges, reader_->Ranges());
    TRY_ASSIGN(const auto first, reader_->Poll(kBatchRecords, kFirstPoll, context_.stop));
    if (!first.assigned) return Status::IOError("the topic ", reader_->info().name, " gave no partition to read");
    topic::Positions start;
    for (const auto& [partition, range] : ranges) {
      start[partition] = StartOf(range);
      if (start[partition] < range.high) unread_[partition] = range.high;
    }
    TRY(reader_->Seek(start));
    TRY(ReadWhatIsThere());
    while (options_.follow && !context_.stop.stop_requested()) {
      TRY_ASSIGN(const auto polled, reader_->Poll(kBatchRecords, kPoll, context_.stop));
      for (std::size_t i = 0; i < polled.records.size(); ++i) Keep(polled.records, i);
      TRY(PrintKept());
    }
    TRY(printer_->End());
    return ExitCode::kOk;
  }

 private:
  query::FormatOptions Format() const {
    query::FormatOptions format = options_.format.Options(context_, options_.follow);
    format.following = options_.follow;
    return format;
  }

  // Without a filter the last N of each partition are enough: the newest N among them are shown. (A partition has an
  // order, a topic has none.)
  Offset StartOf(const topic::OffsetRange& range) const {
    if (!newest_ || options_.since || !options_.ticker.empty()) return range.low;
    return std::max(range.low, range.high + -*newest_);
  }

  // Up to the ends that the partitions had at the start.
  Status ReadWhatIsThere() {
    auto heard = std::chrono::steady_clock::now();
    while (!unread_.empty()) {
      TRY_ASSIGN(const auto polled, reader_->Poll(kBatchRecords, kPoll, context_.stop));
      if (context_.stop.stop_requested() && !options_.follow) return Status::Cancelled("stopped");
      if (!polled.records.empty()) heard = std::chrono::steady_clock::now();
      if (std::chrono::steady_clock::now() - heard > kPatience) {
        return Status::IOError("topic '", reader_->info().name, "' fell silent before its end: is its broker up?");
      }
      for (std::size_t i = 0; i < polled.records.size(); ++i) TakeOld(polled.records, i);
      for (const auto& [partition, offset] : polled.ended) {
        if (const auto end = unread_.find(partition); end != unread_.end() && offset >= end->second) unread_.erase(end);
      }
      if (!newest_) TRY(PrintKept());
    }
    unread_.clear();
    return PrintKept();
  }

  // A record that is newer than the start ends its partition's reading, and is shown only to those who follow.
  void TakeOld(const topic::RecordBatch& records, std::size_t i) {
    const auto end = unread_.find(records[i].partition);
    if (end == unread_.end() && !options_.follow) return;
    if (end != unread_.end() && records[i].offset + 1 >= end->second) {
      const bool beyond = records[i].offset >= end->second;
      unread_.erase(end);
      if (beyond && !options_.follow) return;
    }
    Keep(records, i);
  }

  void Keep(const topic::RecordBatch& records, std::size_t i) {
    const auto& record = records[i];
    const auto key = records.Key(i), value = records.Value(i);
    if (!options_.ticker.empty() && key != options_.ticker) return;
    if (options_.since && record.timestamp < *options_.since) return;
    std::deque<Row>& rows = kept_[record.partition];
    rows.push_back({record.partition, record.offset, record.timestamp,
                    key ? std::optional<std::string>(*key) : std::nullopt,
                    value ? std::optional<std::string>(*value) : std::nullopt, HeaderText(records.Headers(i))});
    if (!unread_.empty() && newest_ && rows.size() > static_cast<std::size_t>(*newest_)) rows.pop_front();
  }

  // All that is kept, in the order of time; at first only the newest N of it.
  Status PrintKept() {
    std::deque<Row> rows;
    for (auto& [partition, kept] : kept_) std::move(kept.begin(), kept.end(), std::back_inserter(rows));
    kept_.clear();
    if (rows.empty()) return Status::OK();
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return std::tie(a.timestamp, a.partition, a.offset) < std::tie(b.timestamp, b.partition, b.offset);
    });
    if (std::exchange(first_, false) && newest_ && rows.size() > static_cast<std::size_t>(*newest_)) {
      rows.erase(rows.begin(), rows.end() - *newest_);
    }
    TRY_ASSIGN(const auto batch, ToBatch(schema_, rows));
    return printer_->Rows(*batch);
  }

  const Context& context_;
  const ReadOptions& options_;
  const std::optional<std::int64_t> newest_;
  const std::unique_ptr<topic::TopicReader> reader_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<query::Printer> printer_;
  topic::Positions unread_;  // the end of each partition that is not yet reached
  std::map<Partition, std::deque<Row>> kept_;
  bool first_ = true;
};

}  // namespace

Result<ExitCode> ReadTopic(const Context& context, const ReadOptions& options) {
  TRY_ASSIGN(topic::TopicUri uri, topic::ParseTopic(context.settings.topic));
  if (options.what == "dead-letter") uri = topic::DeadLetter(uri);
  auto reader = topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-read"});
  if (reader.status().IsKeyError() && options.what == "dead-letter") {
    return Status::Invalid(reader.status().message(), "; no frame has been refused so far, or --topic names another");
  }
  TRY(reader.status());
  return TopicScan(context, options, std::move(*reader)).Run();
}

}  // namespace pregao::cli
