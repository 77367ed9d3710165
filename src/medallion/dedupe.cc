#include "medallion/dedupe.h"

#include <algorithm>

namespace pregao::medallion {

DedupeMemory::DedupeMemory(std::size_t max_keys, std::int64_t covered_from)
    : max_keys_(max_keys), covered_from_(covered_from) {}

DedupeMemory::Window& DedupeMemory::Ticker(std::string_view ticker) {
  if (const auto it = windows_.find(ticker); it != windows_.end()) return *it->second;
  if (windows_.size() >= kMaxTickers) ForgetTickers();
  auto window = std::make_unique<Window>();
  window->covered_from = covered_from_;
  window->number = static_cast<std::int32_t>(windows_.size());
  return *windows_.emplace(std::string(ticker), std::move(window)).first->second;
}

void DedupeMemory::ForgetTickers() {
  covered_from_ = std::numeric_limits<std::int64_t>::max();
  std::erase_if(windows_, [&](const auto& item) {
    const Window& window = *item.second;
    const auto pending = [&](const Entry& e) { return e.batch > confirmed_; };
    if (std::any_of(window.entries.begin(), window.entries.end(), pending)) return false;
    keys_ -= window.entries.size();
    return true;
  });
}

Seen DedupeMemory::Probe(const Window& window, std::int64_t event_time_us, const RowKey& key) {
  if (!window.entries.empty() && event_time_us <= window.entries.back().time) {
    auto entry = std::lower_bound(window.entries.begin(), window.entries.end(), event_time_us,
                                  [](const Entry& e, std::int64_t time) { return e.time < time; });
    for (; entry != window.entries.end() && entry->time == event_time_us; ++entry) {
      if (entry->Is(key)) return Seen::kDuplicate;
    }
  }
  return event_time_us >= window.covered_from ? Seen::kNew : Seen::kUnknown;
}

void DedupeMemory::Insert(Window* window, std::int64_t event_time_us, const RowKey& key, std::uint32_t batch) {
  auto& entries = window->entries;
  auto at = entries.end();
  if (!entries.empty() && event_time_us <= entries.back().time) {
    at = std::upper_bound(entries.begin(), entries.end(), event_time_us,
                          [](std::int64_t time, const Entry& e) { return time < e.time; });
    for (auto same = at; same != entries.begin() && (same - 1)->time == event_time_us; --same) {
      if ((same - 1)->Is(key)) return;
    }
  }
  entries.insert(at, {event_time_us, key.low, static_cast<std::uint32_t>(key.high), batch});
  ++keys_;
  const std::size_t capacity = std::max(kMinWindow, max_keys_ / windows_.size());
  if (entries.size() > capacity + capacity / 4) Evict(window, capacity);
}

/// A quarter of the window at a time, so that moving the rest costs four entries a row.
void DedupeMemory::Evict(Window* window, std::size_t capacity) {
  auto& entries = window->entries;
  auto live = entries.begin();
  const auto most = entries.end() - static_cast<std::ptrdiff_t>(capacity);
  for (; live < most && live->batch <= confirmed_; ++live) {
    window->covered_from = std::max(window->covered_from, live->time + 1);
  }
  keys_ -= static_cast<std::size_t>(live - entries.begin());
  entries.erase(entries.begin(), live);
}

}  // namespace pregao::medallion
