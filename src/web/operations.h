#pragma once
#include "base/clock.h"

#include "web/http_server.h"
#include "web/readiness.h"
#include "web/snapshot.h"

namespace pregao::web {

/// /metrics, /healthz and /readyz over these sources. `clock` and what the sources call must outlive the server.
[[nodiscard]] Routes OperationsRoutes(Sources sources, ReadinessLimits limits, const Clock* clock);

}  // namespace pregao::web
