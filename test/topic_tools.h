#pragma once
/// Records, a patient reader and a trivial model for tests of topics.
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "topic/partitioner.h"
#include "topic/topic.h"

#ifndef ASSERT_OK
#define ASSERT_OK(expr)                                                                       \
  do {                                                                                        \
    const ::pregao::Status pregao_test_status_ = (expr);                                      \
    ASSERT_TRUE(pregao_test_status_.ok()) << #expr << ": " << pregao_test_status_.ToString(); \
  } while (false)
#endif

namespace pregao::topic {

inline bool operator==(const NewRecord& a, const NewRecord& b) {
  return a.key == b.key && a.value == b.value && a.timestamp == b.timestamp && a.headers == b.headers;
}

inline void PrintTo(const NewRecord& record, std::ostream* out) {
  *out << "{key " << ::testing::PrintToString(record.key.value_or("(none)").substr(0, 40)) << ", value "
       << ::testing::PrintToString(record.value.value_or("(none)").substr(0, 40)) << ", time " << record.timestamp
       << ", headers " << record.headers.size() << "}";
}

namespace test {

inline constexpr std::int32_t kPartitions = 3;
/// For what must come: long, so that a slow machine fails no test.
inline constexpr std::chrono::seconds kPatience{60};
/// For what must not come.
inline constexpr std::chrono::milliseconds kMoment{60};

inline std::vector<Partition> AllPartitions() {
  std::vector<Partition> all;
  for (std::int32_t p = 0; p < kPartitions; ++p) all.push_back(Partition(p));
  return all;
}

inline NewRecord Record(std::string key, std::string value) {
  return {std::move(key), std::move(value), TimestampMs(1'700'000'000'000), {}};
}

/// Records of one key with the values "0", "1", ...
inline std::vector<NewRecord> Records(const std::string& key, int count) {
  std::vector<NewRecord> records;
  for (int i = 0; i < count; ++i) records.push_back(Record(key, std::to_string(i)));
  return records;
}

/// Bytes that no two numbers share.
inline std::string Noise(std::size_t size, int number) {
  std::minstd_rand random(static_cast<unsigned>(number) + 1);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

template <class T>
T Get(Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? *std::move(result) : T();
}

/// A record as read, its bytes copied.
struct Read {
  Partition partition;
  Offset offset;
  NewRecord record;
};

inline void Append(const RecordBatch& batch, std::vector<Read>* out) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto headers = batch.Headers(i);
    out->push_back({batch[i].partition,
                    batch[i].offset,
                    {batch.Key(i) ? std::optional(std::string(*batch.Key(i))) : std::nullopt,
                     batch.Value(i) ? std::optional(std::string(*batch.Value(i))) : std::nullopt,
                     batch[i].timestamp,
                     {headers.begin(), headers.end()}}});
  }
}

/// Polls until `count` records have come, in the order that they did; fewer (and a failure) when they do not come.
/// @param lost  gets the gaps that were told, if not null
inline std::vector<Read> ReadSome(TopicReader& reader, std::size_t count,
                                  std::map<Partition, OffsetRange>* lost = nullptr) {
  std::vector<Read> reads;
  while (reads.size() < count) {
    const auto polled = reader.Poll(count - reads.size(), kPatience);
    EXPECT_TRUE(polled.ok()) << polled.status().ToString();
    if (polled.ok() && lost != nullptr) lost->insert(polled->lost.begin(), polled->lost.end());
    if (polled.ok() && polled->records.empty() && !polled->lost.empty()) continue;
    if (!polled.ok() || polled->records.empty()) {
      ADD_FAILURE() << reads.size() << " records came, " << count << " should";
      break;
    }
    Append(polled->records, &reads);
  }
  return reads;
}

/// Where reading stands once every partition's end is met; fewer when some are not within a minute.
inline Positions EndsMet(TopicReader& reader) {
  Positions ended;
  for (int polls = 0; polls < 600 && ended.size() < kPartitions; ++polls) {
    const Polled polled = Get(reader.Poll(100, std::chrono::milliseconds(100)));
    for (const auto& [partition, offset] : polled.ended) ended[partition] = offset;
  }
  return ended;
}

/// Takes the first announcement and seeks to the lowest offset of each partition in it.
inline void Start(TopicReader& reader) {
  const Polled polled = Get(reader.Poll(1, kPatience));
  ASSERT_TRUE(polled.assigned);
  const auto ranges = Get(reader.Ranges());
  Positions positions;
  for (const Partition partition : *polled.assigned) positions[partition] = ranges.at(partition).low;
  ASSERT_OK(reader.Seek(positions));
}

/// Random appends, seeks, polls, retention and reopening, against vectors of records.
template <class Harness>
class TopicModel {
 public:
  TopicModel(Harness* harness, std::uint32_t seed) : harness_(harness), random_(seed) {
    parts_.resize(kPartitions);
    writer_ = harness_->Writer();
    OpenReader();
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const std::uint32_t dice = Random(100);
      if (dice < 35)
        AppendSome();
      else if (dice < 75)
        PollOnce();
      else if (dice < 85)
        SeekSomewhere();
      else if (dice < 92)
        DropSome();
      else if (dice < 96)
        OpenReader();
      else
        writer_ = harness_->Writer();
    }
  }

 private:
  struct Part {
    std::vector<NewRecord> records;  // by offset
    std::size_t low = 0, position = 0;
  };

  std::uint32_t Random(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  NewRecord RandomRecord() {
    NewRecord record{"K" + std::to_string(Random(12)), std::nullopt, TimestampMs(1 + Random(1'000'000)), {}};
    if (Random(10) > 0)
      record.value = std::string(Random(20) == 0 ? Random(300'000) : Random(300), 'v') + std::to_string(random_());
    if (Random(8) == 0) record.headers = {{"h", std::to_string(Random(100))}, {"", ""}};
    return record;
  }

  void AppendSome() {
    std::vector<NewRecord> records;
    for (std::uint32_t n = Random(4) == 0 ? Random(400) : Random(4); n > 0; --n) records.push_back(RandomRecord());
    ASSERT_OK(writer_->Append(records));
    for (NewRecord& record : records) At(partitioner_.Of(record.key)).records.push_back(std::move(record));
  }

  void PollOnce() {
    bool some = false;
    for (Part& part : parts_) {
      part.position = std::max(part.position, part.low);
      some = some || part.position < part.records.size();
    }
    const std::size_t most = Random(2) == 0 ? 1 + Random(5) : 1 + Random(1000);
    std::vector<Read> reads;
    const auto poll = [&] {
      return Get(reader_->Poll(most, some ? std::chrono::milliseconds(kPatience) : std::chrono::milliseconds(0)));
    };
    Polled polled = poll();
    while (polled.records.empty() && !polled.lost.empty()) polled = poll();  // a loss comes at once
    Append(polled.records, &reads);
    EXPECT_EQ(reads.empty(), !some);
    EXPECT_LE(reads.size(), most);
    for (const Read& read : reads) {
      Part& part = At(read.partition);
      ASSERT_EQ(read.offset, Offset(static_cast<std::int64_t>(part.position))) << "partition " << read.partition;
      ASSERT_LT(part.position, part.records.size());
      ASSERT_TRUE(read.record == part.records[part.position]) << "partition " << read.partition << " " << read.offset;
      ++part.position;
    }
  }

  void SeekSomewhere() {
    const auto p = Random(kPartitions);
    Part& part = parts_[p];
    part.position = random_() % (part.records.size() + 1);
    ASSERT_OK(
        reader_->Seek({{Partition(static_cast<std::int32_t>(p)), Offset(static_cast<std::int64_t>(part.position))}}));
  }

  void DropSome() {
    harness_->DropSome(random_);
    for (const auto& [partition, range] : Get(reader_->Ranges())) {
      Part& part = At(partition);
      ASSERT_GE(range.low, Offset(static_cast<std::int64_t>(part.low))) << "partition " << partition;
      ASSERT_LE(range.low, range.high) << "partition " << partition;
      ASSERT_EQ(range.high, Offset(static_cast<std::int64_t>(part.records.size()))) << "partition " << partition;
      part.low = static_cast<std::size_t>(range.low.value);
      if constexpr (requires { Harness::kReadsAhead; }) {
        ASSERT_OK(reader_->Seek({{partition, Offset(static_cast<std::int64_t>(part.position))}}));
      }
    }
  }

  void OpenReader() {
    reader_.reset();
    reader_ = harness_->Reader("model");
    Start(*reader_);
    for (Part& part : parts_) part.position = part.low;
  }

  Part& At(Partition partition) { return parts_.at(static_cast<std::size_t>(partition.value)); }

  Harness* harness_;
  std::mt19937 random_;
  Partitioner partitioner_{kPartitions};
  std::vector<Part> parts_;
  std::unique_ptr<TopicWriter> writer_;
  std::unique_ptr<TopicReader> reader_;
};

}  // namespace test
}  // namespace pregao::topic
