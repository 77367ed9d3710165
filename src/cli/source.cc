#include "cli/source.h"

#include <filesystem>
#include <spdlog/spdlog.h>

#include "cli/listener_options.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::milliseconds kProbeTimeout{4'000};

Result<Source> Simulate(Context* context) {
  Settings& settings = context->settings;
  const Settings defaults;
  yahoo::SimServerOptions options;
  options.seed = static_cast<std::uint64_t>(settings.sim_seed);
  options.speed = 1000.0 / static_cast<double>(settings.sim_tick.count());
  Source source;
  TRY_ASSIGN(source.simulator, yahoo::SimServer::Start(options));
  if (settings.topic == defaults.topic) settings.topic = kDemoTopic;
  // BUCKET_NAME names nothing on purpose: it may be there for the real rows alone.
  const bool named = settings.lake != defaults.lake && !settings.origins["lake"].starts_with("BUCKET_NAME");
  if (!named) settings.lake = kDemoLake;
  FitToLake(&settings);
  settings.yahoo_stream_url = source.simulator->url();
  settings.yahoo_chart_url = source.simulator->http_url();
  source.options = ListenerOptionsOf(settings, "simulator");
  return source;
}

}  // namespace

void UseDemoWhereAlone(Settings* settings) {
  const Settings defaults;
  std::error_code ignored;
  if (settings->lake != defaults.lake || settings->topic != defaults.topic ||
      std::filesystem::exists(settings->lake, ignored) || !std::filesystem::exists(kDemoLake, ignored)) {
    return;
  }
  spdlog::warn("there is no {}, so this is {}: quotes that the simulator invented", settings->lake, kDemoLake);
  settings->lake = kDemoLake;
  settings->topic = kDemoTopic;
}

Result<Source> ChooseSource(const std::string& wanted, Context* context) {
  if (wanted == "simulator") return Simulate(context);
  Source source;
  source.options = ListenerOptionsOf(context->settings, SourceOf(context->settings));
  if (wanted == "yahoo" || source.options.source != "yahoo") return source;
  auto probe = source.options.stream;
  probe.connect_timeout = kProbeTimeout;
  const Status status = yahoo::Probe(probe, context->stop);
  if (status.ok()) return source;
  if (!status.IsIOError()) return status;
  // Simulated and real rows never meet, wherever the user keeps the real ones.
  context->settings.topic = kDemoTopic;
  context->settings.lake = kDemoLake;
  spdlog::warn(
      "Yahoo is out of reach ({}). Running on the simulator: its quotes are invented, every row says source ="
      " 'simulator', and they go to {}. To wait for Yahoo instead: pregao run --source yahoo",
      status.message(), kDemoLake);
  return Simulate(context);
}

}  // namespace pregao::cli
