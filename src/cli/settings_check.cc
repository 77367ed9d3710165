#include "cli/settings_check.h"

#include <string>
#include <string_view>

#include "cli/misuse.h"
#include "cli/operations.h"
#include "cli/topics.h"
#include "lake/object_store.h"
#include "topic/open.h"
#include "yahoo/url.h"

namespace pregao::cli {
namespace {

Status CheckTopic(const Context& context) {
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  const Status status = topic::CheckSettings(uri, TopicSettingsOf(context, false));
  return status.IsInvalid() ? status : Status::OK();  // what else is wrong shows when it is opened
}

Status At(const Settings& settings, const std::string& key, const Status& status) {
  if (status.ok()) return status;
  constexpr std::string_view kProperty = "[kafka] ";  // it is that property that is wrong, and not `key`
  const std::string_view said = status.message();
  const bool property = said.starts_with(kProperty);
  const std::string_view name = property ? said.substr(kProperty.size()) : std::string_view(key);
  const auto origin =
      settings.origins.find(property ? "kafka." + std::string(name.substr(0, name.find_first_of(" :"))) : key);
  const bool known = origin != settings.origins.end() && origin->second != "default";
  return AsMisuse(known ? status.WithMessage(origin->second, ": ", status.message()) : status);
}

}  // namespace

bool Shows(const Command& command, const std::string& key) {
  for (const std::string& shown : command.settings) {
    if (key == shown || (shown.ends_with('.') && key.starts_with(shown))) return true;
  }
  return key.starts_with("log.");
}

Status CheckSettings(const Command& command, const Context& context) {
  if (command.name == "doctor") return Status::OK();  // it tells of each, beside what else it finds
  const Settings& settings = context.settings;
  if (Shows(command, "topic")) TRY(At(settings, "topic", CheckTopic(context)));
  if (Shows(command, "lake")) TRY(At(settings, "lake", lake::CheckLakeName(settings.lake)));
  if (Shows(command, "web.listen")) TRY(At(settings, "web.listen", WebAddress(settings).status()));
  if (Shows(command, "yahoo.stream-url")) {
    TRY(At(settings, "yahoo.stream-url", yahoo::ParseStreamUrl(settings.yahoo_stream_url).status()));
  }
  if (Shows(command, "yahoo.chart-url")) {
    TRY(At(settings, "yahoo.chart-url", yahoo::CheckChartUrl(settings.yahoo_chart_url)));
  }
  return Status::OK();
}

}  // namespace pregao::cli
