#include "cli/listener_options.h"

#include <algorithm>

namespace pregao::cli {

listen::ListenerOptions ListenerOptionsOf(const Settings& settings, const std::string& source) {
  listen::ListenerOptions options;
  options.watchlist = settings.watchlist;
  options.source = source;
  options.portfolio_currency = settings.portfolio_currency;
  options.stream.url = settings.yahoo_stream_url;
  options.stream.symbols_per_connection = static_cast<std::size_t>(settings.yahoo_symbols_per_connection);
  options.stream.resubscribe = settings.listen_resubscribe_interval;
  options.stream.silence = settings.listen_dumb_timeout;
  options.stream.silence_max = std::max(options.stream.silence_max, 16 * settings.listen_dumb_timeout);
  // Nothing is won by giving up: what is held would be gone, and no restart mends a full disk, nor a broker.
  options.give_up_after = std::chrono::hours(24 * 365);
  return options;
}

std::string SourceOf(const Settings& settings) { return SourceOfUrl(settings.yahoo_stream_url); }

std::string SourceOfUrl(const std::string& url) {
  std::string host = url;
  const auto scheme = host.find("://");
  if (scheme != std::string::npos) host.erase(0, scheme + 3);
  host.erase(std::min(host.find_first_of("/:?"), host.size()));
  return host == "yahoo.com" || host.ends_with(".yahoo.com") ? "yahoo" : "simulator";
}

}  // namespace pregao::cli
