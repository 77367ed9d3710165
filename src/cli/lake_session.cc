#include "cli/lake_session.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <mutex>
#include <unistd.h>

#include "base/text.h"
#include "cli/calendars.h"
#include "cli/lake_store.h"
#include "cli/one_of.h"
#include "cli/output.h"

namespace pregao::cli {
namespace {

/// A progress line on a terminal; gone when all is there.
void ShowDownload(std::int64_t done, std::int64_t total) {
  constexpr std::int64_t kWorthIt = 4 << 20, kWidth = 30;
  if (total < kWorthIt || isatty(STDERR_FILENO) == 0) return;
  if (done >= total) return WriteError("\r\x1b[K");
  const auto filled = static_cast<std::size_t>(kWidth * done / total);
  WriteError(fmt::format("\rreading the bucket [{:-<30}] {} of {}\x1b[K", std::string(filled, '#'), HumanSize(done),
                         HumanSize(total)));
}

query::FileCacheOptions CacheOptionsOf(const Context& context) {
  query::FileCacheOptions options;
  options.folder = ExpandHome(context.settings.cache_folder, context.settings);
  const auto& most = context.settings.cache_max_bytes;
  options.max_bytes = most ? most->value : std::numeric_limits<std::int64_t>::max() / 2;
  options.stop = context.stop;
  options.progress = ShowDownload;
  return options;
}

}  // namespace

Result<std::shared_ptr<lake::ObjectStore>> OpenExistingLake(const Context& context) {
  const std::string& lake = context.settings.lake;
  std::error_code error;
  if (lake.find("://") == std::string::npos && !std::filesystem::is_directory(lake, error)) {
    return Status::Invalid("there is no lake in ", lake, " yet; `pregao run` or `pregao silver` makes it, ",
                           "--lake names another");
  }
  return OpenLake(context);
}

namespace {
Result<std::unique_ptr<query::FileCache>> CacheOf(const Context& context, std::shared_ptr<lake::ObjectStore> store) {
  if (!IsBucket(context.settings)) return nullptr;
  return query::FileCache::Open(std::move(store), CacheOptionsOf(context));
}

query::PortfolioSource PortfolioOf(const Settings& settings) {
  const auto read = [file = settings.watchlist]() -> Result<market::Watchlist> {
    TRY_ASSIGN(const std::string text, market::ReadWatchlistFile(file));
    return market::ParseWatchlist(text);
  };
  return {read, settings.portfolio_currency};
}
}  // namespace

Result<std::unique_ptr<query::Session>> OpenSession(const Context& context, const query::DatabaseOptions& options) {
  TRY_ASSIGN(auto store, OpenExistingLake(context));
  TRY_ASSIGN(auto cache, CacheOf(context, store));
  TRY_ASSIGN(auto calendars, LoadCalendars(context.settings));
  TRY_ASSIGN(auto session, query::Session::Open(std::move(store), context.clock, options, std::move(cache),
                                                PortfolioOf(context.settings)));
  session->UseCalendars(std::move(calendars));
  return session;
}

Result<std::unique_ptr<query::Session>> OpenGuardedSession(const Context& context) {
  TRY_ASSIGN(auto store, OpenExistingLake(context));
  TRY_ASSIGN(auto cache, CacheOf(context, store));
  TRY_ASSIGN(auto calendars, LoadCalendars(context.settings));
  const query::DatabaseOptions options{.memory_limit = "512MiB", .spill_limit = "1GiB"};
  TRY_ASSIGN(auto session, query::Session::OpenGuarded(std::move(store), context.clock, options, std::move(cache),
                                                       PortfolioOf(context.settings)));
  session->UseCalendars(std::move(calendars));
  return session;
}

InterruptOnStop::InterruptOnStop(query::Session* session, std::stop_token stop)
    : thread_([session, stop = std::move(stop)](std::stop_token done) {
        std::mutex mutex;
        std::condition_variable_any wake;
        const std::stop_callback on_stop(stop, [&] {
          const std::lock_guard guard(mutex);
          wake.notify_all();
        });
        std::unique_lock lock(mutex);
        wake.wait(lock, done, [&] { return stop.stop_requested(); });
        while (!done.stop_requested()) {
          session->Interrupt();
          wake.wait_for(lock, done, std::chrono::milliseconds(50), [] { return false; });
        }
      }) {}

void FormatFlags::Declare(CLI::App* app) {
  app->add_option("--format", format, "table, json or csv (default: table, or json with --json)")
      ->check(OneOf({"table", "json", "csv"}));
  app->add_option("--limit", limit, "Rows that a table shows; the others are counted")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}))
      ->capture_default_str();
}

query::FormatOptions FormatFlags::Options(const Context& context, bool following) const {
  query::FormatOptions options;
  options.max_rows = limit;
  options.max_width = OutIsTerminal() ? 80 : 0;
  if (format == "csv") {
    options.format = query::Format::kCsv;
  } else if (format == "json" || (format.empty() && context.json)) {
    options.format = following ? query::Format::kNdjson : query::Format::kJson;
  }
  return options;
}

}  // namespace pregao::cli
