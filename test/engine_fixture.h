#pragma once
/// Engines that a test drives by hand, on one topic and one lake in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/session.h"

#include "test/engine_testing.h"

namespace pregao::engine {

inline topic::NewRecord Reject() { return {"X", "{not json", TimestampMs(kT0), {}}; }

class ExactlyOnce : public testing::Test {
 protected:
  void Append(const std::vector<topic::NewRecord>& records) { ASSERT_TRUE(topic_.NewWriter()->Append(records).ok()); }

  /// One engine, driven by hand.
  struct Engine {
    std::unique_ptr<topic::TopicReader> reader;
    std::shared_ptr<lake::FaultyStore> store;
    std::unique_ptr<LakeSink> sink;
    std::unique_ptr<Decoder> decoder;
    std::vector<Partition> assigned;
    SharedStats stats;
    SystemClock clock;

    Status Begin() {
      while (assigned.empty()) {
        TRY_ASSIGN(auto polled, reader->Poll(1, std::chrono::milliseconds(10)));
        if (polled.assigned) assigned = *polled.assigned;
      }
      TRY_ASSIGN(decoder, BeginSession(reader.get(), sink.get(), assigned, &stats));
      return Status::OK();
    }
    /// Reads what the topic has now into one batch.
    Result<Batch> ReadBatch() {
      for (;;) {
        TRY_ASSIGN(auto polled, reader->Poll(1000, std::chrono::milliseconds(0)));
        if (polled.records.empty()) break;
        TRY(decoder->Add(std::make_shared<const topic::RecordBatch>(std::move(polled.records))));
      }
      return decoder->Cut();
    }
    Result<Written> Write(Batch batch) {
      const auto number = batch.number;
      TRY_ASSIGN(auto written, sink->Write(std::move(batch)));
      decoder->Confirm(number);
      decoder->Fold(written.version, written.foreign);
      return written;
    }
    Status RunToEnd() {
      TRY(Begin());
      TRY_ASSIGN(auto batch, ReadBatch());
      return Write(std::move(batch)).status();
    }
  };

  std::unique_ptr<Engine> NewEngine(LakeSinkOptions options = {}, const std::string& group = "pregao") {
    auto engine = std::make_unique<Engine>();
    engine->reader = topic_.NewReader(group);
    engine->store = std::make_shared<lake::FaultyStore>(store_);
    engine->sink = NewSink(engine->store, &engine->clock, std::move(options));
    return engine;
  }

  void ExpectAllIsWell() { EXPECT_THAT(Wrong(&topic_, store_), testing::IsEmpty()); }

  topic::MemoryTopic topic_{2};
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>();
};

}  // namespace pregao::engine
