#include "cli/urls.h"

#include "yahoo/url.h"

namespace pregao::cli {

Status CheckUrls(const Settings& settings) {
  const auto check = [&settings](const std::string& key, const Status& status) {
    if (status.ok()) return status;
    const auto origin = settings.origins.find(key);
    const std::string from = origin == settings.origins.end() ? "" : " (" + origin->second + ")";
    return status.WithMessage(key, from, ": ", status.message());
  };
  TRY(check("yahoo.stream-url", yahoo::ParseStreamUrl(settings.yahoo_stream_url).status()));
  return check("yahoo.chart-url", yahoo::CheckChartUrl(settings.yahoo_chart_url));
}

}  // namespace pregao::cli
