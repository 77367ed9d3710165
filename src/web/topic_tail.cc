#include "web/topic_tail.h"

#include <algorithm>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

namespace pregao::web {
namespace {

constexpr std::size_t kBatch = 5'000;
using std::chrono::steady_clock;

}  // namespace

TopicTail::TopicTail(OpenReader open, QuoteBoard* board, const Clock* clock, Publish publish, TailOptions options)
    : open_(std::move(open)),
      board_(board),
      clock_(clock),
      publish_(std::move(publish)),
      options_(options),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

void TopicTail::Run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::string logged;
  while (!stop.stop_requested()) {
    auto reader = open_();
    const Status status = reader.ok() ? Follow(reader->get(), stop) : reader.status();
    if (stop.stop_requested()) return;
    board_->SetProblem(status.message());
    if (std::exchange(logged, status.message()) != status.message()) {
      spdlog::warn("web: the topic's newest quotes cannot be shown: {}", status.message());
    }
    Send(true);
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, options_.retry, [] { return false; });
  }
}

Status TopicTail::SeekTo(topic::TopicReader* reader, const std::vector<Partition>& owned) {
  if (std::exchange(generation_, reader->info().generation) != reader->info().generation) positions_.clear();
  TRY_ASSIGN(const auto ranges, reader->Ranges());
  topic::Positions seek;
  for (const Partition partition : owned) {
    const auto range = ranges.find(partition);
    if (range == ranges.end()) continue;
    const auto [low, high] = range->second;
    const auto known = positions_.find(partition);
    const Offset wanted = known != positions_.end() ? known->second : high + -options_.look_back;
    seek[partition] = std::clamp(wanted, low, high);
    begun_at_[partition] = high;
  }
  return reader->Seek(seek);
}

Status TopicTail::Follow(topic::TopicReader* reader, std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto timeout =
        changed_.empty() ? std::min(options_.heartbeat, std::chrono::milliseconds(1'000)) : options_.gather;
    TRY_ASSIGN(const auto polled, reader->Poll(kBatch, timeout, stop));
    if (polled.assigned) TRY(SeekTo(reader, *polled.assigned));
    board_->SetProblem("");
    Take(polled.records);
    const auto since = steady_clock::now() - sent_;
    if (since >= options_.heartbeat || (!changed_.empty() && since >= options_.gather))
      Send(since >= options_.heartbeat);
  }
  return Status::OK();
}

void TopicTail::Take(const topic::RecordBatch& records) {
  std::int64_t fresh = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& record = records[i];
    fresh += record.offset >= begun_at_[record.partition];
    positions_[record.partition] = record.offset + 1;
    const medallion::Record judged{record.partition.value, record.offset.value, record.timestamp.value, records.Key(i),
                                   records.Value(i)};
    if (judge_.Decide(judged, &row_)) continue;  // the engine tells of rejects
    LatestQuote quote = LatestOf(row_);
    std::string ticker = quote.ticker;
    if (!board_->Take(std::move(quote))) continue;
    if (const auto newest = board_->Find(ticker)) changed_[ticker] = QuoteJson(*newest);  // with what it knew before
  }
  if (!records.empty()) board_->Count(static_cast<std::int64_t>(records.size()), fresh, clock_->Now());
}

void TopicTail::Send(bool even_if_empty) {
  if (changed_.empty() && !even_if_empty) return;
  const std::string problem = board_->problem();
  std::string event = fmt::format("data: {{\"now\":{},\"live\":{},\"quotes\":[", clock_->Now().value, problem.empty());
  bool first = true;
  for (const auto& [ticker, json] : changed_) event += (std::exchange(first, false) ? "" : ",") + json;
  event += "]}\n\n";
  changed_.clear();
  sent_ = steady_clock::now();
  publish_(std::make_shared<const std::string>(std::move(event)));
}

}  // namespace pregao::web
