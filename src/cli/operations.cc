#include "cli/operations.h"

#include <atomic>
#include <spdlog/spdlog.h>
#include <sstream>
#include <sys/resource.h>

#include "cli/lake_session.h"
#include "cli/misuse.h"
#include "cli/page_assets.h"
#include "cli/topics.h"

#include "web/access.h"
#include "web/operations.h"
#include "web/page_routes.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::seconds kProbeEvery{5};

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

/// For 300 pages with up to six connections each: as many as half of the descriptors that this process may have, whose
/// soft limit is raised where it is low, so that pages never take the pipeline's.
std::size_t ConnectionLimit() {
  constexpr rlim_t kDescriptors = 8192, kConnections = 2048;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kConnections / 8;
  rlimit raised = limit;
  raised.rlim_cur = std::min(kDescriptors, limit.rlim_max);
  if (limit.rlim_cur < raised.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(std::min(limit.rlim_cur / 2, kConnections));
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

namespace {

bool IsLoopback(const web::Address& address) { return address.host.starts_with("127.") || address.host == "::1"; }

Status CheckToken(const std::string& token) {
  for (const char c : token) {
    const bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("-._~").find(c) != std::string_view::npos;
    if (!fits)
      return Status::Invalid(
          "web.token: use letters, digits and - . _ ~ only, as in the output of: openssl rand -hex 16");
  }
  return Status::OK();
}

std::unique_ptr<web::Page> NewPage(const Context& context, const web::Sources& sources) {
  web::PageOptions options;
  options.watchlist = context.settings.watchlist;
  options.portfolio_currency = context.settings.portfolio_currency;
  options.source = context.settings.topic + " → " + context.settings.lake;
  options.sources = sources;
  options.open_session = [context] { return OpenGuardedSession(context); };
  return std::make_unique<web::Page>(std::move(options), context.clock);
}

std::unique_ptr<web::TopicTail> FollowTopic(const Context& context, web::Page* page, web::HttpServer* server) {
  const auto open = [context, page]() -> Result<std::unique_ptr<topic::TopicReader>> {
    if (const Status seeded = page->Seed(context.stop); !seeded.ok()) spdlog::warn("web: {}", seeded.message());
    TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
    return topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-page"});
  };
  return std::make_unique<web::TopicTail>(open, page->board(), context.clock,
                                          [server](auto event) { server->Publish(std::move(event)); });
}

}  // namespace

bool MayServePage(const Settings& settings, const web::Address& address) {
  return IsLoopback(address) || !settings.web_token.empty();
}

Result<Operations> ServeOperations(const Context& context, Serve serve, const Parts& parts) {
  const EnginePipeline* const engine = parts.engine;
  const auto origin = context.settings.origins.find("web.listen");
  const bool wanted = origin != context.settings.origins.end() && origin->second != "default";
  TRY_ASSIGN(const auto address, WebAddress(context.settings));
  Operations out;
  if (!address || !(wanted || serve == Serve::kFiguresAndPage)) return out;
  TRY(AsMisuse(CheckToken(context.settings.web_token)));

  web::Sources sources;
  if (parts.listener != nullptr) sources.listener = [from = parts.listener] { return from->stats(); };
  if (parts.gold != nullptr) sources.gold = [from = parts.gold] { return from->stats(); };
  sources.spool = parts.spool;
  sources.spark = parts.spark;
  if (engine != nullptr && engine->requests) {
    sources.store_retries = [requests = engine->requests] { return requests->retries.load(); };
  }
  if (engine != nullptr) {
    sources.engine = [engine] { return engine->engine->stats(); };
  }
  if (engine != nullptr && engine->store) {
    sources.store = [store = engine->store] { return store->stats(); };
  }
  auto limits = LimitsOf(context.settings);
  if (engine != nullptr) {
    out.probe = std::make_unique<web::LakeProbe>(engine->look, kProbeEvery, context.clock);
    sources.lake = [probe = out.probe.get()] { return probe->newest(); };
    if (!engine->store) limits.tables = "bigquery";
  }
  auto routes = web::OperationsRoutes(sources, limits, context.clock);
  const bool page = serve == Serve::kFiguresAndPage && MayServePage(context.settings, *address);
  if (serve == Serve::kFiguresAndPage && !page) {
    spdlog::error(
        "the page is not served: others can reach {}, so it needs web.token (try: openssl rand -hex 16); open "
        "/?token=… then",
        address->text());
  }
  // The server is made after the routes that tell of it, and outlives their last call.
  const auto serving = std::make_shared<std::atomic<const web::HttpServer*>>(nullptr);
  const auto pages = [serving] {
    const web::HttpServer* const server = *serving;
    return server == nullptr ? std::size_t{0} : server->stream_readers();
  };
  if (page) {
    out.page = NewPage(context, sources);
    routes.merge(
        web::Guarded(web::PageRoutes(out.page.get(), PageAssets(), pages), {.token = context.settings.web_token}));
  }
  web::HttpOptions options;
  options.listen = *address;
  options.host_names = HostNames(context.settings.web_hosts);
  options.max_connections = ConnectionLimit();
  if (page) options.slow_routes = web::TableRoutes();
  auto server = web::HttpServer::Start(options, std::move(routes));
  if (server.ok()) {
    out.server = std::move(*server);
    if (page) out.tail = FollowTopic(context, out.page.get(), out.server.get());
    *serving = out.server.get();
    const std::string where = out.server->address().text();
    spdlog::info("{}http://{}/metrics, /healthz and /readyz are served",
                 page ? "the page is at http://" + where + "; " : "", where);
  } else {
    out.probe.reset();
    const bool alone = parts.listener == nullptr && engine == nullptr && parts.gold == nullptr;
    spdlog::error("{}{}", server.status().message(),
                  alone ? "" : ". Quotes are collected all the same, without the page, /metrics and /healthz");
  }
  return out;
}

}  // namespace pregao::cli
