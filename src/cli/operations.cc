#include "cli/operations.h"

#include <spdlog/spdlog.h>
#include <sstream>

#include "web/operations.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::seconds kProbeEvery{5};
/// Read because it is small and near; that it is absent is an answer as well.
constexpr const char* kProbed = "silver/quotes/_delta_log/_last_checkpoint";

std::vector<std::string> HostNames(const std::string& setting) {
  std::vector<std::string> names;
  std::istringstream in(setting);
  for (std::string name; std::getline(in, name, ',');) {
    std::erase(name, ' ');
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

web::ReadinessLimits LimitsOf(const Settings& settings) {
  web::ReadinessLimits limits;
  limits.no_commit = std::max<std::chrono::milliseconds>(limits.no_commit, 10 * settings.engine_commit_interval);
  return limits;
}

}  // namespace

Result<std::optional<web::Address>> WebAddress(const Settings& settings) {
  if (settings.web_listen.empty()) return std::nullopt;
  const auto address = web::ParseAddress(settings.web_listen);
  if (!address.ok()) return address.status().WithMessage("web.listen: ", address.status().message());
  return *address;
}

Result<Operations> ServeOperations(const Context& context, bool by_default, const listen::Listener* listener,
                                   const EnginePipeline* engine, std::function<listen::SpoolStats()> spool,
                                   std::function<std::vector<spark::QueryReport>()> spark) {
  const auto origin = context.settings.origins.find("web.listen");
  const bool wanted = origin != context.settings.origins.end() && origin->second != "default";
  TRY_ASSIGN(const auto address, WebAddress(context.settings));
  Operations out;
  if (!address || !(wanted || by_default)) return out;

  web::Sources sources;
  if (listener != nullptr) sources.listener = [listener] { return listener->stats(); };
  sources.spool = std::move(spool);
  sources.spark = std::move(spark);
  if (engine != nullptr && engine->requests) {
    sources.store_retries = [requests = engine->requests] { return requests->retries.load(); };
  }
  if (engine != nullptr) {
    sources.engine = [engine] { return engine->engine->stats(); };
    sources.store = [store = engine->store] { return store->stats(); };
    const auto look = [store = engine->store] {
      const Status status = store->Get(kProbed).status();
      return status.IsKeyError() ? Status::OK() : status;
    };
    out.probe = std::make_unique<web::LakeProbe>(look, kProbeEvery, context.clock);
    sources.lake = [probe = out.probe.get()] { return probe->newest(); };
  }
  web::HttpOptions options;
  options.listen = *address;
  options.host_names = HostNames(context.settings.web_hosts);
  auto server = web::HttpServer::Start(
      options, web::OperationsRoutes(std::move(sources), LimitsOf(context.settings), context.clock));
  if (server.ok()) {
    out.server = std::move(*server);
    spdlog::info("http://{}/metrics, /healthz and /readyz are served", out.server->address().text());
  } else {
    out.probe.reset();
    spdlog::error("{}. Quotes are collected all the same, without /metrics and /healthz", server.status().message());
  }
  return out;
}

}  // namespace pregao::cli
