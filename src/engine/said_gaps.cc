#include "engine/said_gaps.h"

#include <algorithm>
#include <iterator>

namespace pregao::engine {

std::int64_t SaidGaps::Add(Partition partition, const topic::OffsetRange& gap) {
  auto& said = said_[partition];
  std::int64_t fresh = gap.high - gap.low;
  topic::OffsetRange whole = gap;
  auto it = said.upper_bound(gap.low);
  if (it != said.begin() && std::prev(it)->second >= gap.low) --it;
  while (it != said.end() && it->first <= gap.high) {
    fresh -= std::min(it->second, gap.high) - std::max(it->first, gap.low);
    whole = {std::min(it->first, whole.low), std::max(it->second, whole.high)};
    it = said.erase(it);
  }
  said.emplace(whole.low, whole.high);
  return fresh;
}

void SaidGaps::Forget(const topic::Positions& positions) {
  for (const auto& [partition, position] : positions) {
    const auto found = said_.find(partition);
    if (found == said_.end()) continue;
    std::erase_if(found->second, [at = position](const auto& gap) { return gap.second <= at; });
  }
}

}  // namespace pregao::engine
