#include "query/audit_records.h"

#include <algorithm>
#include <arrow/array.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
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

const std::shared_ptr<arrow::Schema>& RecordColumns() {
  static const auto columns =
      arrow::schema({arrow::field("topic", arrow::utf8()), arrow::field("partition", arrow::int64()),
                     arrow::field("offset", arrow::int64()), arrow::field("timestamp", arrow::int64()),
                     arrow::field("key", arrow::binary()), arrow::field("value", arrow::binary())});
  return columns;
}

std::string RecordSql(const AuditTables& tables) {
  return fmt::format("topic, {}, {}, {}, {}, {}", tables.Column("partition"), tables.Column("offset"),
                     tables.Millis("timestamp"), tables.Column("key"), tables.Column("value"));
}

medallion::Record RecordIn(const arrow::RecordBatch& batch, std::int64_t row, std::string* buffer) {
  medallion::Record record{static_cast<std::int32_t>(IntAt(batch, 1, row)), IntAt(batch, 2, row),
                           batch.column(3)->IsNull(row) ? -1 : IntAt(batch, 3, row), BytesAt(batch, 4, row),
                           BytesAt(batch, 5, row)};
  if (record.value) {
    buffer->assign(*record.value);
    buffer->append(topic::RecordBatch::kPadding, '\0');
    record.value = std::string_view(buffer->data(), record.value->size());
  }
  return record;
}

Status RecordJudge::Add(const std::string& topic, const medallion::Record& record) {
  Id id{topic, record.partition, record.offset};
  if (const auto rejection = judge_.Decide(record, &row_)) {
    missing_.emplace_back(std::move(id), fmt::format("belongs in quarantine ({}: {})",
                                                     medallion::RejectName(rejection->reason), rejection->detail));
    return Status::OK();
  }
  waiting_.push_back({std::move(id), {std::string(row_.ticker()), row_.event_time_us(), KeyOf(row_, &hasher_)}});
  return Status::OK();
}

Status RecordJudge::Finish() {
  for (std::size_t begin = 0; begin < waiting_.size(); begin += kAtOnce) {
    TRY(LookUp(std::span(waiting_).subspan(begin, std::min(kAtOnce, waiting_.size() - begin))));
  }
  waiting_.clear();
  std::unordered_set<medallion::RowKey> keys;
  for (const Waiting& w : nowhere_) keys.insert(w.row.key);
  TRY_ASSIGN(const auto refused, RefusedAmong(keys));
  for (Waiting& w : nowhere_) Tell(std::move(w), refused);
  nowhere_.clear();
  return Status::OK();
}

Status RecordJudge::LookUp(std::span<Waiting> waiting) {
  std::vector<medallion::KeyedRow> wanted;
  for (const Waiting& w : waiting) wanted.push_back(w.row);
  TRY_ASSIGN(const auto rows, tables_->lookup()->Find(wanted));
  std::unordered_set<medallion::RowKey> there;
  for (const auto& row : rows) there.insert(row.key);
  for (Waiting& w : waiting) {
    if (there.contains(w.row.key)) {
      Tell(std::move(w), there);
    } else {
      nowhere_.push_back(std::move(w));
    }
  }
  return Status::OK();
}

/// Which of the keys are of rows that stand in Quarantine as refused.
Result<std::unordered_set<medallion::RowKey>> RecordJudge::RefusedAmong(
    const std::unordered_set<medallion::RowKey>& keys) {
  std::unordered_set<medallion::RowKey> refused;
  if (keys.empty() || !tables_->Has("quarantine")) return refused;
  std::string buffer;
  TRY(tables_->Each(fmt::format("SELECT {} FROM {} WHERE reason = {}", RecordSql(*tables_),
                                tables_->Table("quarantine"), tables_->Text(medallion::kRefusedReason)),
                    RecordColumns(), [&](const arrow::RecordBatch& batch, std::int64_t row) {
                      if (judge_.Decide(RecordIn(batch, row, &buffer), &row_)) return Status::OK();
                      if (const auto key = KeyOf(row_, &hasher_); keys.contains(key)) refused.insert(key);
                      return Status::OK();
                    }));
  return refused;
}

void RecordJudge::Tell(Waiting w, const std::unordered_set<medallion::RowKey>& there) {
  if (there.contains(w.row.key)) {
    ++duplicates_[{w.id.topic, w.id.partition}];
  } else {
    missing_.emplace_back(std::move(w.id), fmt::format("{} has no row in silver that it could repeat", w.row.ticker));
  }
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

/// "(topic = 'quotes' AND partition = 0 AND offset IN (5, 9)) OR …" for places, of which there are some.
std::string AnyOf(const AuditTables& tables, std::span<const RecordId> places) {
  std::map<std::pair<std::string, std::int32_t>, std::vector<std::int64_t>> offsets;
  for (const RecordId& id : places) offsets[{id.topic, id.partition}].push_back(id.offset);
  std::string sql;
  for (const auto& [of, list] : offsets) {
    sql += fmt::format("{}(topic = {} AND {} = {} AND {} IN ({}))", sql.empty() ? "" : " OR ", tables.Text(of.first),
                       tables.Column("partition"), of.second, tables.Column("offset"), fmt::join(list, ", "));
  }
  return sql;
}

}  // namespace

Status VisitBronze(AuditTables* tables, std::span<const RecordId> places, const RecordVisitor& visit) {
  constexpr std::size_t kOfQuery = 20'000;
  std::vector<RecordId> sorted(places.begin(), places.end());
  std::ranges::sort(sorted);
  std::string buffer;
  RecordId last;
  for (std::size_t begin = 0; begin < sorted.size(); begin += kOfQuery) {
    const auto some = std::span(sorted).subspan(begin, std::min(kOfQuery, sorted.size() - begin));
    TRY(tables->Each(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY 1, 2, 3", RecordSql(*tables),
                                 tables->Table("bronze"), AnyOf(*tables, some)),
                     RecordColumns(), [&](const arrow::RecordBatch& batch, std::int64_t row) -> Status {
                       const auto record = RecordIn(batch, row, &buffer);
                       RecordId id{TextAt(batch, 0, row), record.partition, record.offset};
                       if (id == last) return Status::OK();  // it stands in Bronze twice
                       last = id;
                       return visit(id.topic, record);
                     }));
  }
  return Status::OK();
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
