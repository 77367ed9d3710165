#include "cli/chart_access.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "cli/misuse.h"
#include "listen/watchlist_file.h"

namespace pregao::cli {
namespace {

struct PacedClient {
  PacedClient(const yahoo::ChartClientOptions& options, const Clock* clock) : client(options, clock, &pace) {}
  yahoo::SystemPace pace;
  yahoo::ChartClient client;
};

std::shared_ptr<yahoo::ChartClient> NewClient(const Context& context, yahoo::ChartClientOptions options) {
  options.url = context.settings.yahoo_chart_url;
  options.requests_per_minute = static_cast<double>(context.settings.yahoo_chart_requests_per_minute);
  const auto paced = std::make_shared<PacedClient>(options, context.clock);
  return {paced, &paced->client};
}

/// For one thread.
class RetryTalk {
 public:
  void operator()(const std::string& problem, std::chrono::milliseconds wait) {
    const auto now = std::chrono::steady_clock::now();
    if (said_ && now - *said_ < std::chrono::minutes(1)) return;
    said_ = now;
    spdlog::warn("{}; trying again in {}", problem, FormatDuration(std::chrono::ceil<std::chrono::seconds>(wait)));
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> said_;
};

}  // namespace

std::shared_ptr<yahoo::ChartClient> NewChartClient(const Context& context) { return NewClient(context, {}); }

std::shared_ptr<yahoo::ChartClient> NewTalkingChartClient(const Context& context) {
  yahoo::ChartClientOptions options;
  options.on_retry = RetryTalk();
  return NewClient(context, std::move(options));
}

engine::HistoryOptions HistoryOptionsOf(const Settings& settings) {
  engine::HistoryOptions options;
  options.write.compression = settings.engine_compression;
  options.table.checkpoint_every = static_cast<int>(settings.table_checkpoint_every);
  options.table.log_retention = std::chrono::ceil<std::chrono::hours>(settings.table_log_retention);
  return options;
}

Result<std::vector<std::string>> TickersOf(const Settings& settings, const std::vector<std::string>& named) {
  if (named.empty()) {
    TRY_ASSIGN(const auto file, listen::WatchlistFile::Open(settings.watchlist));
    return file.Tickers();
  }
  std::string lines;
  for (const std::string& text : named) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      std::string ticker = text.substr(at, end - at);
      ticker.erase(0, ticker.find_first_not_of(' '));
      ticker.erase(ticker.find_last_not_of(' ') + 1);
      if (ticker.empty() || ticker.find_first_of(" #\t\n") != std::string::npos) {
        return Misuse(fmt::format("--ticker '{}': '{}' is no ticker; write them like PETR4.SA,AAPL", Printable(text),
                                  Printable(ticker)));
      }
      lines += ticker + "\n";
      at = end + 1;
    }
  }
  const market::Watchlist list = market::ParseWatchlist(lines);
  for (const auto& problem : list.problems) {
    if (problem.error) return Misuse("--ticker: " + problem.text);
  }
  std::vector<std::string> tickers;
  for (const auto& entry : list.entries) tickers.push_back(entry.ticker);
  return tickers;
}

}  // namespace pregao::cli
