#include <algorithm>
#include <spdlog/spdlog.h>

#include "cloud/google_credentials.h"

namespace pregao::cloud {
namespace {

constexpr std::int64_t kEarlyMs = 300'000;

}  // namespace

TokenSource::TokenSource(std::string who, Fetch fetch, const Clock* clock)
    : who_(std::move(who)), fetch_(std::move(fetch)), clock_(clock) {}

Result<std::string> TokenSource::Get() {
  std::lock_guard lock(mutex_);
  const TimestampMs now = clock_->Now();
  if (!token_.empty() && expires_ - now > kEarlyMs) return token_;
  const auto fresh = fetch_();
  if (fresh.ok()) {
    token_ = fresh->value;
    // A token that lives shorter than we like to be early is used for half of its life.
    const std::int64_t life = std::chrono::milliseconds(fresh->lifetime).count();
    expires_ = now + std::max(life, kEarlyMs + life / 2);
    return token_;
  }
  if (token_.empty() || expires_ <= now) return fresh.status();
  spdlog::warn("the token of {} could not be renewed, the old one serves on: {}", who_, fresh.status().message());
  return token_;
}

void TokenSource::Refused(const std::string& token) {
  std::lock_guard lock(mutex_);
  if (token_ == token) token_.clear();
}

}  // namespace pregao::cloud
