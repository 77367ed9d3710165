#include "web/page.h"

#include <fmt/format.h>
#include <fstream>
#include <map>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "market/calendar.h"
#include "market/portfolio.h"
#include "market/watchlist_edit.h"
#include "query/visitor_sql.h"

#include "web/bars_sql.h"
#include "web/health_json.h"
#include "web/write_file.h"

namespace pregao::web {
namespace {

constexpr int kBars = 600;
constexpr std::chrono::seconds kSeedPause{60};  ///< after an error

/// The page's own statements look no further back than so many days, and a bucket gives no more than that.
constexpr std::pair<const char*, std::int32_t> kDaysShown[] = {
    {"silver", 11}, {"quarantine", 8}, {"bar_revisions", 1501}};

void ShowRecent(query::Session* session, const Clock& clock) {
  constexpr std::int64_t kDayMs = 86'400'000;
  const auto today = static_cast<std::int32_t>(clock.Now().value / kDayMs);
  for (const auto& [view, days] : kDaysShown) session->ShowFrom(view, market::DayText(today - days));
}

std::string InList(const std::vector<std::string>& tickers) {
  std::string out;
  for (const auto& ticker : tickers) out += (out.empty() ? "" : ", ") + query::QuoteText(ticker);
  return out.empty() ? "''" : out;
}

}  // namespace

Page::Page(PageOptions options, const Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      tables_(options_.open_session, [clock](query::Session* session) { ShowRecent(session, *clock); }),
      sql_(options_.open_session),
      gap_list_(options_.open_session, clock),
      seeder_([this](const std::stop_token& stop) { SeedNew(stop); }) {}

Result<market::Watchlist> Page::ReadWatchlist() const {
  const auto text = market::ReadWatchlistFile(options_.watchlist);
  if (text.status().IsKeyError()) return market::Watchlist{};
  TRY(text.status());
  return market::ParseWatchlist(*text);
}

Result<std::vector<std::string>> Page::Unknown() const {
  TRY_ASSIGN(const auto list, ReadWatchlist());
  std::vector<std::string> unknown;
  auto tickers = market::ExtraTickers(list, options_.portfolio_currency);
  for (const auto& entry : list.entries) tickers.push_back(entry.ticker);
  for (const auto& ticker : tickers) {
    if (!board_.Find(ticker)) unknown.push_back(ticker);
  }
  return unknown;
}

Status Page::Seed(const std::stop_token& stop) {
  const auto unknown = Unknown();
  const Status status = unknown.ok() ? SeedWith(*unknown, stop) : unknown.status();
  const std::lock_guard guard(seed_mutex_);
  seeded_ = true;
  return status;
}

Status Page::SeedWith(const std::vector<std::string>& tickers, const std::stop_token& stop) {
  if (tickers.empty()) return Status::OK();
  const auto read = [&](query::Session* session) -> Status {
    TRY_ASSIGN(const auto rows, session->Query(LatestSql(InList(tickers))));
    for (;;) {
      TRY_ASSIGN(const auto batch, rows->Next());
      if (batch == nullptr) return Status::OK();
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) board_.Take(LatestOf(*batch, i));
    }
  };
  const Status status = tables_.With(
      [&](query::Session* session) {
        return query::WithinTime(session, kOwnLimits.time, stop, [&] { return read(session); });
      },
      kOwnPatience);
  if (!NothingYet(status)) TRY(status);
  const std::lock_guard guard(seed_mutex_);
  sought_.insert(tickers.begin(), tickers.end());
  return Status::OK();
}

void Page::SeedIfNew(const std::string& ticker) {
  const std::lock_guard guard(seed_mutex_);
  if (!seeded_ || sought_.contains(ticker)) return;
  seed_wanted_ = true;
  seed_wake_.notify_one();
}

void Page::SeedNew(const std::stop_token& stop) {
  std::unique_lock lock(seed_mutex_);
  while (seed_wake_.wait(lock, stop, [this] { return seed_wanted_; })) {
    seed_wanted_ = false;
    const auto sought = sought_;
    lock.unlock();
    auto tickers = Unknown();
    if (tickers.ok()) std::erase_if(*tickers, [&](const std::string& ticker) { return sought.contains(ticker); });
    const Status status = tickers.ok() ? SeedWith(*tickers, stop) : tickers.status();
    lock.lock();
    if (status.ok() || stop.stop_requested()) continue;
    spdlog::warn("web: the last quotes of new tickers are looked for again in a minute: {}", status.message());
    seed_wake_.wait_for(lock, stop, kSeedPause, [] { return false; });
  }
}

Result<std::string> Page::Quotes() {
  TRY_ASSIGN(const auto list, ReadWatchlist());
  std::string out = fmt::format("{{\"now\":{},\"quotes\":[", clock_->Now().value);
  bool first = true;
  for (const auto& entry : list.entries) {
    const auto quote = board_.Find(entry.ticker);
    if (!quote) SeedIfNew(entry.ticker);
    JsonWriter unknown;
    unknown.BeginObject();
    unknown.Key("ticker");
    unknown.String(entry.ticker);
    unknown.EndObject();
    out += (std::exchange(first, false) ? "" : ",") + (quote ? QuoteJson(*quote) : unknown.str());
  }
  return out + "]}";
}

Result<std::string> Page::History(const std::string& ticker) {
  std::vector<std::string> tickers{ticker};
  if (ticker.empty()) {
    tickers.clear();
    TRY_ASSIGN(const auto list, ReadWatchlist());
    for (const auto& entry : list.entries) tickers.push_back(entry.ticker);
  }
  const std::string in = InList(tickers);
  return history_.Get(in, [&](Waited* waited) -> Result<std::string> {
    const auto rows = tables_.Run(SparklineSql(in), kOwnLimits, kOwnPatience, waited);
    if (NothingYet(rows.status())) return R"({"history":[]})";
    TRY(rows.status());
    return fmt::format("{{\"history\":{}}}", rows->rows);
  });
}

Result<query::JsonRows> Page::NewestBars(const std::string& ticker, const std::string& interval, Waited* waited) {
  TRY_ASSIGN(const std::string sql, BarsSql(ticker, interval, kBars));
  TRY_ASSIGN(auto rows, tables_.Run(sql, kOwnLimits, kOwnPatience, waited));
  if (rows.count > 0) return rows;
  TRY_ASSIGN(const auto day, tables_.Run(NewestDaySql(ticker, interval), kOwnLimits, kOwnPatience, waited));
  if (day.rows == "[[null]]") return rows;
  constexpr std::size_t kAround = 3;  // [["2026-11-28"]]
  TRY_ASSIGN(const std::string older,
             BarsSql(ticker, interval, kBars, day.rows.substr(kAround, day.rows.size() - 2 * kAround)));
  return tables_.Run(older, kOwnLimits, kOwnPatience, waited);
}

Result<std::string> Page::Bars(const std::string& ticker, const std::string& interval) {
  if (ticker.empty()) return Status::Invalid("which ticker? ask /api/bars?ticker=PETR4.SA&interval=1m");
  TRY(BarsSql(ticker, interval, kBars).status());
  return bars_.Get(interval + " " + ticker, [&](Waited* waited) -> Result<std::string> {
    auto rows = NewestBars(ticker, interval, waited);
    if (NothingYet(rows.status())) rows = query::JsonRows{"[]", "[]"};
    TRY(rows.status());
    const auto offset = tables_.Run(DayOffsetSql(ticker), kOwnLimits, kOwnPatience, waited);  // [[-18000]]
    if (!NothingYet(offset.status())) TRY(offset.status());
    JsonWriter w;
    w.BeginObject();
    w.Key("ticker");
    w.String(ticker);
    w.Key("interval");
    w.String(interval);
    w.Key("day_offset");
    w.Raw(offset.ok() ? offset->rows.substr(2, offset->rows.size() - 4) : "null");
    w.Key("bars");
    w.Raw(rows->rows);
    w.EndObject();
    return w.Take();
  });
}

Result<std::string> Page::Portfolio() {
  return shown_portfolio_.Get("", [&](Waited*) -> Result<std::string> {
    TRY_ASSIGN(const auto list, ReadWatchlist());
    return portfolio_.Json(list, options_.portfolio_currency, board_);
  });
}

Result<std::string> Page::Gaps() {
  return gaps_.Get("", [this](Waited* waited) { return gap_list_.Json(waited); });
}

Result<std::string> Page::Rejects() {
  return rejects_.Get("rejects", [&](Waited* waited) -> Result<std::string> {
    const auto rows = tables_.Run(
        "SELECT CAST(epoch_ms(\"timestamp\") AS BIGINT), reason, detail, coalesce(try(decode(key)), CAST(key AS "
        "VARCHAR)), "
        "left(coalesce(try(decode(value)), CAST(value AS VARCHAR)), 400) "
        "FROM quarantine WHERE date >= current_date - 7 ORDER BY \"timestamp\" DESC LIMIT 20",
        kOwnLimits, kOwnPatience, waited);
    return rows.ok() ? rows->rows : NothingYet(rows.status()) ? Result<std::string>("[]") : rows.status();
  });
}

Result<std::string> Page::Health(std::size_t pages) {
  const auto rejects = Rejects();  // a table that cannot be read must not hide the rest
  HealthFacts facts;
  facts.snapshot = Take(options_.sources, *clock_);
  facts.rate = board_.Rate(clock_->Now());
  facts.seen = board_.total();
  facts.topic_problem = board_.problem();
  facts.table_problem = rejects.ok() ? "" : rejects.status().message();
  facts.source = options_.source;
  facts.pages = pages;
  facts.rejects = rejects.ValueOr("[]");
  return HealthJson(facts);
}

Result<std::string> Page::Sql(const std::string& sql) {
  const auto began = std::chrono::steady_clock::now();
  query::JsonRows rows;
  const auto ask = [&](query::Session* session) -> Status {
    TRY(query::CheckVisitorSql(session, sql));
    return query::RunLimited(session, sql, options_.sql_limits).Value(&rows);
  };
  TRY(sql_.With(ask, std::chrono::seconds(1)));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return fmt::format(R"({{"columns":{},"rows":{},"count":{},"truncated":{},"ms":{}}})", rows.columns, rows.rows,
                     rows.count, rows.truncated, took.count());
}

Result<std::string> Page::ShowWatchlist() {
  TRY_ASSIGN(const auto list, ReadWatchlist());
  JsonWriter w;
  w.BeginObject();
  w.Key("file");
  w.String(options_.watchlist.string());
  w.Key("tickers");
  w.BeginArray();
  for (const auto& entry : list.entries) w.String(entry.ticker);
  w.EndArray();
  w.Key("problems");
  w.BeginArray();
  for (const auto& problem : list.problems) w.String(market::Describe(options_.watchlist, problem));
  w.EndArray();
  w.EndObject();
  return w.Take();
}

Status Page::EditWatchlist(const std::function<Result<std::string>(std::string_view)>& edit) {
  const std::lock_guard guard(watchlist_mutex_);
  auto text = market::ReadWatchlistFile(options_.watchlist);
  if (text.status().IsKeyError()) text = std::string();
  TRY(text.status());
  TRY_ASSIGN(const std::string changed, edit(*text));
  return changed == *text ? Status::OK() : ReplaceFile(options_.watchlist, changed);
}

Status Page::AddToWatchlist(const std::string& ticker) {
  return EditWatchlist([&](std::string_view text) { return market::AddTicker(text, ticker); });
}

Status Page::RemoveFromWatchlist(const std::string& ticker) {
  return EditWatchlist([&](std::string_view text) { return market::RemoveTicker(text, ticker); });
}

}  // namespace pregao::web
