#pragma once
#include <string>

#include "base/clock.h"
#include "base/status.h"

#include "web/shared_session.h"

namespace pregao::web {

/// The newest gaps of the stream's minutes, out of the view `gaps`, and what became of each. It has a session of its
/// own, for its statement may take long. Thread-safe.
class GapList {
 public:
  static constexpr int kDays = 7;  ///< in which a gap began
  static constexpr int kMost = 50;

  /// `clock` must outlive it.
  GapList(OpenQuerySession open, const Clock* clock) : session_(std::move(open)), clock_(clock) {}

  /// The answer of /api/gaps, computed anew. A lake without bars is no error.
  [[nodiscard]] Result<std::string> Json(Waited* waited = nullptr);

 private:
  SharedSession session_;
  const Clock* const clock_;
};

}  // namespace pregao::web
