#include "web/operations.h"

#include "base/json_writer.h"
#include "base/version.h"

#include "web/metrics.h"

namespace pregao::web {
namespace {

constexpr const char* kJson = "application/json";

HttpResponse Alive() {
  JsonWriter w;
  w.BeginObject();
  w.Key("alive");
  w.Bool(true);
  w.Key("version");
  w.String(kVersion);
  w.EndObject();
  return {200, kJson, w.Take() + "\n"};
}

}  // namespace

Routes OperationsRoutes(Sources sources, ReadinessLimits limits, const Clock* clock) {
  Routes routes;
  routes["/healthz"] = [](const HttpRequest&) { return Alive(); };
  routes["/readyz"] = [sources, limits, clock](const HttpRequest&) {
    const auto checks = JudgeReadiness(Take(sources, *clock), limits);
    return HttpResponse{AllOk(checks) ? 200 : 503, kJson, ReadinessJson(checks)};
  };
  routes["/metrics"] = [sources = std::move(sources), limits, clock](const HttpRequest&) {
    const Snapshot snapshot = Take(sources, *clock);
    return HttpResponse{200, kMetricsType, MetricsText(snapshot, AllOk(JudgeReadiness(snapshot, limits)))};
  };
  return routes;
}

}  // namespace pregao::web
