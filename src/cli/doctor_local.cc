// The doctor's looks at this machine: watchlist, disk, clock, network.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/calendars.h"
#include "cli/doctor.h"
#include "cli/lake_store.h"
#include "cli/listener_options.h"
#include "cli/operations.h"
#include "cli/spooled_topics.h"
#include "market/watchlist.h"
#include "topic/open.h"
#include "yahoo/streamer.h"
#include "yahoo/url.h"

#include "web/http_get.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kLittleSpace = 1LL << 30, kNoSpace = 64LL << 20;  // bytes
constexpr std::int64_t kOldestNow = 1'767'225'600'000;                   // 2026-01-01: pregao is younger

// The nearest folder above (or at) `path` that exists.
std::filesystem::path Existing(std::filesystem::path path) {
  std::error_code error;
  path = std::filesystem::absolute(path, error);
  while (!std::filesystem::is_directory(path, error) && path != path.parent_path()) path = path.parent_path();
  return path;
}

// Which file system a folder lies on; 0 when that cannot be told.
dev_t Device(const std::filesystem::path& folder) {
  struct stat info {};
  return stat(folder.c_str(), &info) == 0 ? info.st_dev : 0;
}

}  // namespace

void CheckWatchlist(const Context& context, std::vector<Finding>* out) {
  const std::string& file = context.settings.watchlist;
  const auto text = market::ReadWatchlistFile(file);
  if (!text.ok()) {
    out->push_back({"watchlist", Health::kFailure, text.status().message(),
                    "write one ticker a line into " + file + ", or name another file with --watchlist"});
    return;
  }
  const market::Watchlist list = market::ParseWatchlist(*text);
  for (const market::WatchlistProblem& problem : list.problems) {
    out->push_back({"watchlist", problem.error ? Health::kFailure : Health::kWarning, market::Describe(file, problem),
                    "correct the line; the others are used"});
  }
  const bool none = list.entries.empty();
  out->push_back({"watchlist", none ? Health::kFailure : Health::kOk,
                  fmt::format("{}: {} tickers", file, list.entries.size()),
                  none ? "write at least one ticker into it" : ""});
}

void CheckDisk(const Context& context, std::vector<Finding>* out) {
  std::vector<std::filesystem::path> folders{Existing(IsBucket(context.settings)
                                                          ? ExpandHome(context.settings.cache_folder, context.settings)
                                                          : context.settings.lake)};
  if (const auto uri = topic::ParseTopic(context.settings.topic); uri.ok() && !uri->kafka()) {
    const auto folder = Existing(std::filesystem::path(uri->path).parent_path());
    if (Device(folder) != Device(folders.front())) folders.push_back(folder);
  }
  if (HasSpool(context.settings)) {
    const auto folder = Existing(std::filesystem::path(context.settings.listen_spool).parent_path());
    const auto same = [&](const auto& other) { return Device(other) == Device(folder); };
    if (std::none_of(folders.begin(), folders.end(), same)) folders.push_back(folder);
  }
  for (const auto& folder : folders) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (error) {
      out->push_back({"disk", Health::kWarning, folder.string() + ": " + error.message(), "check the path"});
      continue;
    }
    const auto free = static_cast<std::int64_t>(space.available);
    out->push_back({"disk",
                    free < kNoSpace       ? Health::kFailure
                    : free < kLittleSpace ? Health::kWarning
                                          : Health::kOk,
                    fmt::format("{}: {} free", folder.string(), HumanSize(free)),
                    free < kLittleSpace ? "make room, or shorten local.retention-age and table.log-retention" : ""});
  }
}

void CheckClock(const Context& context, std::vector<Finding>* out) {
  const bool wrong = context.clock->Now().value < kOldestNow;
  out->push_back({"clock", wrong ? Health::kFailure : Health::kOk,
                  wrong ? "the machine's clock stands before 2026" : "plausible",
                  wrong ? "set it (timedatectl set-ntp true): rows are judged by the time they were received" : ""});
}

void CheckWeb(const Context& context, std::vector<Finding>* out) {
  const auto address = WebAddress(context.settings);
  if (!address.ok()) {
    out->push_back({"web", Health::kFailure, address.status().message(), "correct web.listen"});
  } else if (!*address) {
    out->push_back({"web", Health::kOk, "off (web.listen is empty)", ""});
  } else if (const Status status = web::TryListen(**address); !status.ok()) {
    const auto alive = web::HttpGet(**address, "/healthz", std::chrono::seconds(2));
    const bool ours = alive.ok() && alive->status == 200 && alive->body.find("\"version\"") != std::string::npos;
    out->push_back({"web", ours ? Health::kOk : Health::kWarning,
                    ours ? (*address)->text() + " is served by a pregao that runs" : status.message(),
                    ours ? "" : "quotes are collected all the same, without /metrics and /healthz"});
  } else if (!MayServePage(context.settings, **address)) {
    out->push_back({"web", Health::kWarning, "others can reach " + (*address)->text() + ", so the page is not served",
                    "set web.token (try: openssl rand -hex 16); figures and health are served all the same"});
  } else {
    out->push_back({"web", Health::kOk, (*address)->text() + " is free for /metrics, /healthz and /readyz", ""});
  }
}

void CheckCalendars(const Context& context, std::vector<Finding>* out) {
  if (context.settings.calendars.empty()) return;  // those that are built in
  const Status status = LoadCalendars(context.settings).status();
  if (status.ok()) {
    out->push_back(
        {"calendars", Health::kOk, context.settings.calendars + " is read beside those that are built in", ""});
  } else {
    out->push_back({"calendars", Health::kFailure, status.message(), "correct the file or the setting calendars"});
  }
}

void CheckYahoo(const Context& context, bool offline, std::vector<Finding>* out) {
  if (const Status form = yahoo::ParseStreamUrl(context.settings.yahoo_stream_url).status(); offline || !form.ok()) {
    if (!form.ok()) out->push_back({"stream", Health::kFailure, form.message(), "correct yahoo.stream-url"});
    return;
  }
  yahoo::StreamerOptions options = ListenerOptionsOf(context.settings, "doctor").stream;
  options.connect_timeout = std::chrono::seconds(3);
  const Status status = yahoo::Probe(options, context.stop);
  if (status.ok()) {
    out->push_back({"stream", Health::kOk, context.settings.yahoo_stream_url + " answers", ""});
  } else {
    out->push_back({"stream", status.IsInvalid() ? Health::kFailure : Health::kWarning, status.message(),
                    "check network, proxy and yahoo.stream-url; `pregao simulate` serves a stand-in meanwhile"});
  }
}

}  // namespace pregao::cli
