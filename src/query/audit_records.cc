#include "query/audit_records.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <unordered_set>
#include <utility>

namespace pregao::query {

std::string TextAt(const arrow::RecordBatch& batch, int column, std::int64_t row) {
  return std::string(BytesAt(batch, column, row).value_or(""));
}

std::int64_t IntAt(const arrow::RecordBatch& batch, int column, std::int64_t row) {
  const arrow::Array& array = *batch.column(column);
  if (array.type_id() == arrow::Type::INT32) return static_cast<const arrow::Int32Array&>(array).Value(row);
  return static_cast<const arrow::Int64Array&>(array).Value(row);
}

std::optional<std::string_view> BytesAt(const arrow::RecordBatch& batch, int column, std::int64_t row) {
  const arrow::Array& array = *batch.column(column);
  if (array.IsNull(row)) return std::nullopt;
  if (array.type_id() == arrow::Type::LARGE_STRING || array.type_id() == arrow::Type::LARGE_BINARY) {
    return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
  }
  return static_cast<const arrow::BinaryArray&>(array).GetView(row);
}

std::string OffsetRanges(const topic::RecordBatch& records) {
  std::map<std::int32_t, std::pair<std::int64_t, std::int64_t>> ranges;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto offset = records[i].offset.value;
    const auto [it, fresh] = ranges.try_emplace(records[i].partition.value, offset, offset);
    it->second = {std::min(it->second.first, offset), std::max(it->second.second, offset)};
  }
  std::string sql;
  for (const auto& [partition, range] : ranges) {
    sql += fmt::format("{}(partition = {} AND \"offset\" BETWEEN {} AND {})", sql.empty() ? "" : " OR ", partition,
                       range.first, range.second);
  }
  return sql;
}

Status RecordJudge::Add(Id id, std::int64_t timestamp_ms, std::optional<std::string_view> value) {
  medallion::Record record{id.partition, id.offset, timestamp_ms, std::nullopt, std::nullopt};
  if (value) {
    padded_.assign(*value);
    padded_.append(topic::RecordBatch::kPadding, '\0');
    record.value = std::string_view(padded_.data(), value->size());
  }
  if (const auto rejection = judge_.Decide(record, &row_)) {
    missing_.emplace_back(std::move(id), fmt::format("belongs in quarantine ({}: {})",
                                                     medallion::RejectName(rejection->reason), rejection->detail));
    return Status::OK();
  }
  waiting_.push_back({std::move(id), std::string(row_.ticker()), row_.event_time_us(), KeyOf(row_, &hasher_)});
  return Status::OK();
}

Status RecordJudge::Finish() {
  for (std::size_t begin = 0; begin < waiting_.size(); begin += kAtOnce) {
    TRY(LookUp(std::span(waiting_).subspan(begin, std::min(kAtOnce, waiting_.size() - begin))));
  }
  waiting_.clear();
  return Status::OK();
}

Status RecordJudge::LookUp(std::span<Waiting> waiting) {
  std::string columns, instants;
  for (const auto& name : medallion::IdentityColumns()) columns += (columns.empty() ? "" : ", ") + QuoteName(name);
  for (const Waiting& w : waiting) {
    instants +=
        fmt::format("{}({}, make_timestamptz({}))", instants.empty() ? "" : ", ", QuoteText(w.ticker), w.event_time_us);
  }
  TRY_ASSIGN(
      const auto result,
      session_->Query("SELECT " + columns + " FROM silver WHERE (ticker, event_time) IN (VALUES " + instants + ")"));
  std::unordered_set<medallion::RowKey> there;
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) break;
    TRY_ASSIGN(const auto table, arrow::Table::FromRecordBatches({batch}));
    TRY_ASSIGN(const auto rows, medallion::HashRows(*table));
    for (const auto& row : rows) there.insert(row.key);
  }
  for (Waiting& w : waiting) {
    if (there.contains(w.key)) {
      ++duplicates_[{w.id.topic, w.id.partition}];
    } else {
      missing_.emplace_back(std::move(w.id), fmt::format("{} has no row in silver that it could repeat", w.ticker));
    }
  }
  return Status::OK();
}

std::int64_t RecordJudge::duplicates(const std::string& topic, std::int32_t partition) const {
  const auto it = duplicates_.find({topic, partition});
  return it == duplicates_.end() ? 0 : it->second;
}

namespace {

constexpr std::chrono::milliseconds kTurn{200};
constexpr std::chrono::seconds kPatience{30};

}  // namespace

Status TopicWalk::Begin() {
  begun_ = true;
  TRY_ASSIGN(const auto ranges, reader_->Ranges());
  TRY_ASSIGN(const auto polled, reader_->Poll(1, std::chrono::seconds(5)));
  if (!polled.assigned) return Status::IOError("the topic assigned no partitions within 5 s");
  topic::Positions seek;
  for (const auto& [partition, range] : ranges) {
    const auto limit = limits_.find(partition);
    if (limit == limits_.end()) continue;
    if (limit->second > range.high) {
      return Status::Invalid("the tables have read partition ", partition.value, " up to offset ", limit->second.value,
                             ", but the topic ends at ", range.high.value);
    }
    Offset begin = range.low;
    if (const auto it = from_.find(partition); it != from_.end()) begin = std::max(begin, it->second);
    if (begin < limit->second) seek[partition] = next_[partition] = begin;
  }
  std::erase_if(limits_, [&](const auto& item) { return !next_.contains(item.first); });
  return reader_->Seek(seek);
}

bool TopicWalk::Done() const {
  return std::all_of(limits_.begin(), limits_.end(),
                     [&](const auto& limit) { return next_.at(limit.first) >= limit.second; });
}

Result<topic::RecordBatch> TopicWalk::Next() {
  if (!begun_) TRY(Begin());
  while (!Done()) {
    TRY_ASSIGN(const auto polled, reader_->Poll(8'192, kTurn));
    silence_ = polled.records.empty() ? silence_ + kTurn : std::chrono::milliseconds(0);
    if (silence_ > kPatience) {
      return Status::IOError("topic '", reader_->info().name, "' fell silent before its end: is its broker up?");
    }
    topic::RecordBatch covered;
    for (std::size_t i = 0; i < polled.records.size(); ++i) {
      const auto& r = polled.records[i];
      const auto limit = limits_.find(r.partition);
      if (limit == limits_.end()) continue;
      next_[r.partition] = r.offset + 1;
      if (r.offset < limit->second) {
        covered.Add(r.partition, r.offset, r.timestamp, polled.records.Key(i), polled.records.Value(i),
                    polled.records.Headers(i));
      }
    }
    for (const auto& [partition, offset] : polled.ended) {
      if (const auto at = next_.find(partition); at != next_.end()) at->second = std::max(at->second, offset);
    }
    if (!covered.empty()) return covered;
  }
  return topic::RecordBatch{};
}

namespace {

std::string_view Padded(std::string_view value, std::string* buffer) {
  buffer->assign(value);
  buffer->append(topic::RecordBatch::kPadding, '\0');
  return {buffer->data(), value.size()};
}

}  // namespace

Status VisitBronze(Session* session, std::span<const RecordId> places, const RecordVisitor& visit) {
  constexpr std::size_t kRowsOfInsert = 1'000;
  Database* const database = session->database();
  TRY(database->Execute("CREATE OR REPLACE TABLE audit_wanted(topic VARCHAR, partition INTEGER, \"offset\" BIGINT)"));
  for (std::size_t begin = 0; begin < places.size(); begin += kRowsOfInsert) {
    std::string sql;
    for (const RecordId& id : places.subspan(begin, std::min(kRowsOfInsert, places.size() - begin))) {
      sql += fmt::format("{}({}, {}, {})", sql.empty() ? "INSERT INTO audit_wanted VALUES " : ", ", QuoteText(id.topic),
                         id.partition, id.offset);
    }
    TRY(database->Execute(sql));
  }
  TRY_ASSIGN(const auto result,
             session->Query("SELECT topic, partition, \"offset\", epoch_ms(\"timestamp\"), key, value FROM bronze SEMI "
                            "JOIN audit_wanted USING (topic, partition, \"offset\") ORDER BY topic, partition, "
                            "\"offset\""));
  std::string buffer;
  std::optional<RecordId> last;
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) return Status::OK();
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      RecordId id{TextAt(*batch, 0, i), static_cast<std::int32_t>(IntAt(*batch, 1, i)), IntAt(*batch, 2, i)};
      if (last == id) continue;  // it stands in Bronze twice
      const auto value = BytesAt(*batch, 5, i);
      const medallion::Record record{id.partition, id.offset, batch->column(3)->IsNull(i) ? -1 : IntAt(*batch, 3, i),
                                     BytesAt(*batch, 4, i),
                                     value ? std::optional(Padded(*value, &buffer)) : std::nullopt};
      TRY(visit(id.topic, record));
      last = std::move(id);
    }
  }
}

Status VisitTopic(topic::TopicReader* reader, std::span<const RecordId> places, const RecordVisitor& visit) {
  const std::string name = reader->info().name;
  std::set<std::pair<std::int32_t, std::int64_t>> wanted;
  std::map<Partition, Offset> limits;
  topic::Positions from;
  for (const RecordId& id : places) {
    if (id.topic != name) continue;
    wanted.emplace(id.partition, id.offset);
    Offset& limit = limits[Partition(id.partition)];
    limit = std::max(limit, Offset(id.offset + 1));
    Offset& begin = from.try_emplace(Partition(id.partition), Offset(id.offset)).first->second;
    begin = std::min(begin, Offset(id.offset));
  }
  if (wanted.empty()) return Status::OK();
  TopicWalk walk(reader, std::move(limits), std::move(from));
  for (;;) {
    TRY_ASSIGN(const auto records, walk.Next());
    if (records.empty()) return Status::OK();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& r = records[i];
      if (wanted.erase({r.partition.value, r.offset.value}) == 0) continue;
      TRY(visit(name, {r.partition.value, r.offset.value, r.timestamp.value, records.Key(i), records.Value(i)}));
    }
  }
}

}  // namespace pregao::query
