#include "cloud/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace pregao::cloud {
namespace {

using std::chrono::milliseconds;

milliseconds HalfAtRandom(milliseconds full) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<std::int64_t>(full.count() / 2, full.count())(random));
}

}  // namespace

bool MayPass(int status) { return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505); }

Retries::Retries(const RetryOptions* options, HttpCounters* counters) : options_(options), counters_(counters) {
  Progress();
}

void Retries::Progress() {
  attempts_ = 1;
  waited_ = milliseconds(0);
  begun_ = std::chrono::steady_clock::now();
}

milliseconds Retries::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
}

bool Retries::Again(std::optional<milliseconds> retry_after) {
  if (attempts_ >= options_->max_attempts || options_->stop.stop_requested()) return false;
  const milliseconds full = std::min(options_->longest, options_->first * (1L << std::min(attempts_ - 1, 20)));
  const milliseconds wait = std::max(HalfAtRandom(full), retry_after.value_or(milliseconds(0)));
  if (elapsed() + waited_ + wait > options_->total) return false;
  ++attempts_;
  counters_->retries.fetch_add(1, std::memory_order_relaxed);
  if (options_->wait) {
    waited_ += wait;
    options_->wait(wait);
    return true;
  }
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, options_->stop, wait, [] { return false; });
  return !options_->stop.stop_requested();
}

}  // namespace pregao::cloud
