#pragma once
#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/status.h"

namespace pregao::web {

/// Looks at the lake now and then, on its own thread, so that a disk that hangs holds up no probe of ours and an idle
/// pipeline notices that its lake is gone. Thread-safe.
class LakeProbe {
 public:
  struct Answer {
    Status status;   ///< of the newest look that ended
    TimestampMs at;  ///< when it ended; before the first, when the probe was made
  };

  /// `look` is called every `period`; `clock` must outlive the probe.
  LakeProbe(std::function<Status()> look, std::chrono::milliseconds period, const Clock* clock);

  [[nodiscard]] Answer newest() const;

 private:
  void Loop(std::stop_token stop, std::chrono::milliseconds period);

  const std::function<Status()> look_;
  const Clock* const clock_;
  mutable std::mutex mutex_;
  Answer newest_;        // guarded by mutex_
  std::jthread thread_;  // last: it uses the others
};

}  // namespace pregao::web
