#pragma once
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"

namespace pregao::yahoo {

struct Address {
  std::string ip;  ///< numeric, v4 or v6
  std::uint16_t port;
};

/// Looks a name up, at most `timeout` long and not beyond `stop`: the system's resolver cannot be interrupted, so it
/// runs on a thread that is left behind when it is late. IOError: unknown or unanswered, in words.
[[nodiscard]] Result<std::vector<Address>> Resolve(const std::string& host, const std::string& port,
                                                   std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace pregao::yahoo
