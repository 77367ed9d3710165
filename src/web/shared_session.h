#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "query/limited.h"
#include "query/session.h"

namespace pregao::web {

using OpenQuerySession = std::function<Result<std::unique_ptr<query::Session>>()>;

/// Of the page's own statements; from a bucket the first one brings files of some days.
inline constexpr query::Limits kOwnLimits{std::chrono::seconds(60), 20'000, 16 << 20};
/// How long the page's own statements wait for one another.
inline constexpr std::chrono::seconds kOwnPatience{5};

/// Adds up how long a session was waited for.
using Waited = std::chrono::steady_clock::duration;

/// A session that is opened when first used, for one statement at a time. Thread-safe.
class SharedSession {
 public:
  /// `prepare` is called before each use; it may be null.
  explicit SharedSession(OpenQuerySession open, std::function<void(query::Session*)> prepare = nullptr)
      : open_(std::move(open)), prepare_(std::move(prepare)) {}
  /// Cancelled: another statement has kept it for `patience`. Both add to `waited`, which may be null.
  [[nodiscard]] Result<query::JsonRows> Run(const std::string& sql, const query::Limits& limits,
                                            std::chrono::milliseconds patience, Waited* waited = nullptr);
  /// Calls `use` with the session to itself.
  [[nodiscard]] Status With(const std::function<Status(query::Session*)>& use, std::chrono::milliseconds patience,
                            Waited* waited = nullptr);

 private:
  const OpenQuerySession open_;
  const std::function<void(query::Session*)> prepare_;
  std::timed_mutex mutex_;
  std::unique_ptr<query::Session> session_;  // guarded by mutex_
};

/// Whether a lake, or a table of it, is not there yet: Session and the commands say so in these words.
[[nodiscard]] bool NothingYet(const Status& status);

}  // namespace pregao::web
