#include "web/remembered.h"

#include <algorithm>
#include <utility>

namespace pregao::web {
namespace {

constexpr int kShareOfTime = 10, kGoodEnough = 4;

}  // namespace

std::optional<Remembered::Answer> Remembered::Find(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  const auto found = answers_.find(key);
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

void Remembered::Keep(const std::string& key, Answer answer) {
  const std::lock_guard guard(mutex_);
  if (!answers_.contains(key) && answers_.size() >= kMost) answers_.clear();
  answers_.insert_or_assign(key, std::move(answer));
}

Result<std::string> Remembered::Get(const std::string& key, const Make& make) {
  auto known = Find(key);
  const auto asked = Clock::now();
  if (known && asked < known->old) return std::move(known->value);
  std::unique_lock making(making_, std::try_to_lock);
  if (!making) {
    if (known && asked < known->too_old) return std::move(known->value);
    if (!making.try_lock_for(patience_))
      return Status::Cancelled("other answers take long: try again when they are there");
    // Whoever had the lock may have computed this very answer.
    if (known = Find(key); known && Clock::now() < known->old) return std::move(known->value);
  }
  const auto began = Clock::now();
  Waited waited{};
  auto value = make(&waited);
  const auto made = Clock::now();
  if (value.status().IsCancelled()) return known && known->value.ok() ? std::move(known->value) : value;
  const auto dear = std::min<Clock::duration>(oldest_, kShareOfTime * (made - began - waited));
  const auto good = value.ok() ? std::max<Clock::duration>(age_, dear) : age_;
  Keep(key, {value, made + good, made + kGoodEnough * good});
  return value;
}

}  // namespace pregao::web
