#pragma once
#include <chrono>
#include <string>

#include "base/status.h"

#include "web/address.h"
#include "web/http_server.h"

namespace pregao::web {

/// Asks a server on this machine or near it, once. The answer is at most 1 MiB. IOError: nobody answers there.
[[nodiscard]] Result<HttpResponse> HttpGet(const Address& address, const std::string& path,
                                           std::chrono::milliseconds timeout);

}  // namespace pregao::web
