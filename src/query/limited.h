#pragma once
/// Statements that must not take for ever.
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "query/session.h"

namespace pregao::query {

struct Limits {
  std::chrono::milliseconds time{10'000};  ///< of the whole statement, its reading included
  std::int64_t rows = 10'000;
  std::size_t bytes = 8 << 20;  ///< of the answer's text
};

/// What one statement gave.
struct JsonRows {
  std::string columns;  ///< JSON: [{"name":"ticker","type":"string"},…]
  std::string rows;     ///< JSON: [["PETR4.SA",32.1],…], numbers with all their digits, "NaN" and "Infinity" as text
  std::int64_t count = 0;
  bool truncated = false;  ///< there was more than the limits let through
};

/// Calls `use`, whose statements on the session are interrupted when the time is up: Invalid then, which says so. A
/// stop interrupts them too: Cancelled.
[[nodiscard]] Status WithinTime(Session* session, std::chrono::milliseconds time, const std::stop_token& stop,
                                const std::function<Status()>& use);

/// Runs one statement and reads it as JSON. Invalid: not one statement, wrong SQL, or longer than the limit of time.
[[nodiscard]] Result<JsonRows> RunLimited(Session* session, const std::string& sql, const Limits& limits);

}  // namespace pregao::query
