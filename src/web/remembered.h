#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"

namespace pregao::web {

/// Answers that are computed again only when they are old, so that many pages cost what a few do, and an answer that is
/// dear is computed a tenth of the time at most. One is computed at a time; whoever asks meanwhile has the one before,
/// unless that is far too old; then it waits, but not for long. At most kMost are kept. Thread-safe.
class Remembered {
 public:
  static constexpr std::size_t kMost = 64;
  /// An answer is old after `age`, or ten times what computing it took, when that is longer; an error after `age`.
  explicit Remembered(std::chrono::milliseconds age, std::chrono::milliseconds patience = std::chrono::seconds(5))
      : age_(age), patience_(patience) {}
  /// @param make  computes the answer of `key`. An error is an answer, too, but for Cancelled (busy): the one before
  ///              stands in for it. Cancelled, too: another one took longer than the patience.
  [[nodiscard]] Result<std::string> Get(const std::string& key, const std::function<Result<std::string>()>& make);

 private:
  using Clock = std::chrono::steady_clock;
  struct Answer {
    Result<std::string> value;
    Clock::time_point old, too_old;  // until when it is good, and good enough while another is computed
  };
  [[nodiscard]] std::optional<Answer> Find(const std::string& key) const;
  void Keep(const std::string& key, Answer answer);

  const std::chrono::milliseconds age_, patience_;
  std::timed_mutex making_;                // held while an answer is computed; taken before mutex_
  mutable std::mutex mutex_;               // held for a moment
  std::map<std::string, Answer> answers_;  // guarded by mutex_
};

}  // namespace pregao::web
