#include "yahoo/chart_client.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/text.h"
#include "base/version.h"
#include "yahoo/chart_decode.h"
#include "yahoo/chart_rows.h"

#include "cloud/retry.h"

namespace pregao::yahoo {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHalfHour = "30m", kQuarter = "15m";

std::string UrlOf(const std::string& base, const ChartQuery& query) {
  return fmt::format("{}/v8/finance/chart/{}?interval={}&period1={}&period2={}&includePrePost=true&events=div%2Csplits",
                     base.substr(0, base.find_last_not_of('/') + 1), cloud::UrlEncode(query.ticker),
                     query.interval.name, query.from_s, query.to_s);
}

/// Yahoo's words for a range in which a ticker that it knows did not trade yet.
bool IsEmptyRange(const ChartRefusal& refusal) { return refusal.description.starts_with("Data doesn't exist"); }

Status Refused(const ChartQuery& query, int status, const ChartRefusal& refusal) {
  if (status == 404 || refusal.code == "Not Found") {
    return Status::KeyError("Yahoo does not know ", query.ticker, ": ", refusal.description,
                            "; write the ticker as Yahoo does, like PETR4.SA");
  }
  return Status::Invalid("Yahoo refuses ", query.interval.name, " bars of ", query.ticker, ": ", refusal.code, ": ",
                         refusal.description);
}

}  // namespace

/// What became of one request.
struct ChartClient::Attempt {
  Result<Chart> chart;
  bool passing = false;  ///< the same request may succeed later
  bool throttled = false, broken = false;
  milliseconds retry_after{0};
};

ChartClient::ChartClient(ChartClientOptions options, const Clock* clock, Pace* pace)
    : options_(std::move(options)),
      clock_(clock),
      pace_(pace),
      http_(options_.http),
      bucket_(options_.requests_per_minute, options_.burst),
      breaker_(options_.breaker),
      random_(std::random_device{}()) {}

ChartClient::Attempt ChartClient::Ask(const ChartQuery& query) {
  cloud::HttpRequest request;
  request.url = UrlOf(options_.url, query);
  request.max_answer = kMaxChartBytes;
  request.headers = {{"User-Agent", fmt::format("Mozilla/5.0 (X11; Linux x86_64) pregao/{}", kVersion)},
                     {"Accept", "application/json"}};
  auto answer = http_.Send(request);
  if (!answer.ok()) {
    const bool passing = answer.status().IsIOError();
    return {passing ? Status::IOError("cannot reach Yahoo's chart API: ", answer.status().message()) : answer.status(),
            passing};
  }
  const milliseconds retry_after = answer->retry_after.value_or(milliseconds(0));
  const std::string place = fmt::format("{} answers {}", cloud::WithoutQuery(request.url), answer->status);
  if (cloud::MayPass(answer->status)) {
    return {Status::IOError(place, answer->status == 429 ? ": too many requests" : ""), true, answer->status == 429,
            false, retry_after};
  }
  auto decoded = DecodeChart(answer->body, query, clock_->Now());
  if (!decoded.ok()) {
    // A page of another status (a login, a proxy's) will be there again; a spoilt answer will not.
    return {Status::IOError(place, ": ", decoded.status().message()), answer->status == 200, false, true, retry_after};
  }
  if (const auto* const refusal = std::get_if<ChartRefusal>(&*decoded)) {
    if (IsEmptyRange(*refusal)) return {Chart{}};
    return {Refused(query, answer->status, *refusal)};
  }
  return {std::get<Chart>(std::move(*decoded))};
}

milliseconds ChartClient::NextTurn() {
  const std::lock_guard lock(mutex_);
  return bucket_.Take(pace_->Now());
}

void ChartClient::Judge(const Attempt& attempt, bool retry) {
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  stats_.retries += retry;
  stats_.throttled += attempt.throttled;
  stats_.broken += attempt.broken;
  if (attempt.passing) {
    breaker_.Failure(pace_->Now(), attempt.retry_after);
  } else {
    breaker_.Success();
  }
}

milliseconds ChartClient::BackOff(int attempt) {
  const milliseconds full = std::min(options_.longest_wait, options_.first_wait * (1L << std::min(attempt - 1, 20)));
  const std::lock_guard lock(mutex_);
  const milliseconds wait(std::uniform_int_distribution(full.count() / 2, full.count())(random_));
  return std::max(wait, breaker_.Closed(pace_->Now()));
}

Status ChartClient::WaitFor(milliseconds time, milliseconds deadline, const std::string& last, std::stop_token stop) {
  if (pace_->Now() + time > deadline) {
    return Status::IOError("Yahoo's chart API is to be left alone for ",
                           FormatDuration(std::chrono::ceil<std::chrono::seconds>(time)), last.empty() ? "" : ": ",
                           last);
  }
  if (!pace_->Wait(time, stop)) return Status::Cancelled("stopped", last.empty() ? "" : ": ", last);
  const std::lock_guard lock(mutex_);
  stats_.waited += time;
  return Status::OK();
}

Result<Chart> ChartClient::Fetch(const ChartQuery& asked, std::stop_token stop) {
  ChartQuery query = asked;
  if (query.interval.name == kHalfHour) {
    TRY_ASSIGN(query.interval, ChartIntervalOf(kQuarter));
    const std::int64_t half = asked.interval.seconds, into = (query.from_s % half + half) % half;
    query.from_s -= into;
    query.to_s += (half - (query.to_s % half + half) % half) % half;  // the last one whole
  }
  const milliseconds deadline = pace_->Now() + options_.patience;
  std::string last;
  milliseconds pause = stats().pause;
  for (int attempt = 1;; ++attempt) {
    TRY(WaitFor(pause, deadline, last, stop));
    TRY(WaitFor(NextTurn(), deadline, last, stop));
    Attempt done = Ask(query);
    Judge(done, attempt > 1);
    if (done.chart.ok()) {
      Chart chart = std::move(*done.chart);
      if (query.interval.name != asked.interval.name) chart.bars = FoldBars(chart.bars, asked.interval);
      std::erase_if(chart.bars, [&](const market::Bar& bar) {
        return bar.start_us < asked.from_s * 1'000'000 || bar.start_us >= asked.to_s * 1'000'000;
      });
      return chart;
    }
    if (!done.passing) return done.chart.status();
    last = done.chart.status().message();
    if (attempt == options_.max_attempts) return Status::IOError(last, "; tried ", attempt, " times");
    pause = BackOff(attempt);
    if (options_.on_retry) options_.on_retry(last, pause);
  }
}

ChartClientStats ChartClient::stats() const {
  const std::lock_guard lock(mutex_);
  ChartClientStats out = stats_;
  out.pause = breaker_.Closed(pace_->Now());
  return out;
}

}  // namespace pregao::yahoo
