#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"

#include "web/shared_session.h"

namespace pregao::web {

/// Answers that are computed again only when they are old, so that many pages cost what a few do, and an answer that is
/// dear is computed a tenth of the time, more only where it would be older than a minute. One is computed at a time;
/// whoever asks meanwhile has the one before, unless that is far too old; then it waits, but not for long. At most
/// kMost are kept. Thread-safe.
class Remembered {
 public:
  static constexpr std::size_t kMost = 64;
  /// Computes an answer, and tells how long of that it waited for others, which makes no answer dear.
  using Make = std::function<Result<std::string>(Waited*)>;
  /// An answer is old after `age`, or ten times what computing it took, up to `oldest`, when that is longer; an error
  /// after `age`.
  explicit Remembered(std::chrono::milliseconds age, std::chrono::milliseconds patience = std::chrono::seconds(5),
                      std::chrono::milliseconds oldest = std::chrono::minutes(1))
      : age_(age), patience_(patience), oldest_(oldest) {}
  /// @param make  of `key`. An error is an answer, too, but for Cancelled (busy): the one before stands in for it.
  ///              Cancelled, too: another one took longer than the patience.
  [[nodiscard]] Result<std::string> Get(const std::string& key, const Make& make);

 private:
  using Clock = std::chrono::steady_clock;
  struct Answer {
    Result<std::string> value;
    Clock::time_point old, too_old;  // until when it is good, and good enough while another is computed
  };
  [[nodiscard]] std::optional<Answer> Find(const std::string& key) const;
  void Keep(const std::string& key, Answer answer);

  const std::chrono::milliseconds age_, patience_, oldest_;
  std::timed_mutex making_;                // held while an answer is computed; taken before mutex_
  mutable std::mutex mutex_;               // held for a moment
  std::map<std::string, Answer> answers_;  // guarded by mutex_
};

}  // namespace pregao::web
