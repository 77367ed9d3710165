#pragma once
#include <string>

#include "web/http_server.h"

namespace pregao::web {

/// Who may ask the page and its API.
struct AccessRules {
  std::string token;  ///< that everyone must show; empty: nobody needs one
};

/// The headers that keep a page to itself: scripts, styles and data from this server alone, in nobody's frame.
[[nodiscard]] HttpHeaders PageHeaders();

/// The same routes, asked only by who may. A token comes as `Authorization: Bearer`, as the cookie `pregao_token`, or
/// once as `?token=`, which sets the cookie and leads to the page without it. What is sent (POST) must be JSON and must
/// come from this server's own page, or from a program: a page of another origin is refused. Every answer carries
/// PageHeaders.
[[nodiscard]] Routes Guarded(Routes routes, const AccessRules& rules);

/// One parameter of a query, decoded; empty when absent.
[[nodiscard]] std::string QueryParameter(const std::string& query, const std::string& name);

}  // namespace pregao::web
