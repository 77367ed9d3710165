#pragma once
#include <cstdint>
#include <map>

#include "topic/topic.h"

namespace pregao::engine {

/// Which lost offsets have been said: until a commit has passed a gap, each new session finds it again, maybe wider.
/// Not thread-safe.
class SaidGaps {
 public:
  /// @return how many offsets of the gap had not been said
  std::int64_t Add(Partition partition, const topic::OffsetRange& gap);
  /// The tables are at these positions: gaps below are not found again.
  void Forget(const topic::Positions& positions);

 private:
  std::map<Partition, std::map<Offset, Offset>> said_;  // low -> high; they neither overlap nor touch
};

}  // namespace pregao::engine
