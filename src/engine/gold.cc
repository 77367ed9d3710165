#include "engine/gold.h"

#include <algorithm>
#include <condition_variable>
#include <spdlog/spdlog.h>

#include "engine/gold_session.h"
#include "engine/lake_sink.h"

namespace pregao::engine {
namespace {

/// @return false when stopped
bool Wait(std::chrono::milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

bool Stays(const Status& status) { return status.IsInvalid() || status.IsNotImplemented() || status.IsKeyError(); }

}  // namespace

Gold::Gold(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, GoldOptions options)
    : store_(std::move(store)), clock_(clock), options_(std::move(options)) {}

GoldStats Gold::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

/// null: stopped
Result<std::shared_ptr<lake::Table>> Gold::AwaitSilver(std::stop_token stop) {
  for (;;) {
    auto silver = lake::Table::Open(store_, kSilverRoot, clock_, options_.table);
    if (silver.ok() || !silver.status().IsKeyError()) return silver;
    if (options_.until_end) {
      return Status::KeyError("there is no table ", kSilverRoot, " in ", store_->uri(),
                              " yet: `pregao silver` or `pregao run` makes it");
    }
    if (!Wait(options_.interval, stop)) return nullptr;
  }
}

Result<Gold::End> Gold::RunSession(std::stop_token stop) {
  TRY_ASSIGN(auto silver, AwaitSilver(stop));
  if (silver == nullptr) return End::kStopped;
  TRY_ASSIGN(const auto session, GoldSession::Open(std::move(silver), clock_, options_));
  const auto count = [&](const GoldSession::Step& step) {
    Update([&](GoldStats& s) {
      s.ticks += step.ticks;
      s.bars += step.bars;
      s.revisions += step.revisions;
      s.falls += step.falls;
      s.commits += step.commits;
      s.bytes += step.bytes;
      s.rebuilds += step.rebuilt;
      s.fencings += step.fenced;
      if (step.commits > 0) s.last_commit = clock_->Now();
    });
  };
  TRY_ASSIGN(std::int64_t behind, session->Behind());
  const std::int64_t end = session->next_version() + behind;
  for (;;) {
    // Stopped, it looks once more or not at all.
    const bool last = stop.stop_requested();
    if (last && !options_.finish) return End::kStopped;
    if (last) TRY(session->Behind().status());
    TRY_ASSIGN(const auto step, session->Next(last ? std::stop_token() : stop));
    count(step);
    if (step.fenced) return End::kFenced;
    if (last) return End::kStopped;
    options_.rebuild = options_.rebuild && !step.rebuilt;
    if (options_.until_end && session->next_version() >= end) return End::kDone;
    TRY_ASSIGN(behind, session->Behind());
    Update([&](GoldStats& s) { s.behind = behind; });
    if (options_.until_end && options_.progress) options_.progress(session->next_version(), end);
    if (behind == 0 || (!options_.until_end && step.ticks < options_.max_ticks)) {
      if (Wait(options_.interval, stop)) TRY(session->Behind().status());
    }
  }
}

Status Gold::Run(std::stop_token stop) {
  int fencings = 0, failures = 0;
  std::int64_t commits = 0;
  for (;;) {
    const auto end = RunSession(stop);
    if (const auto now = stats().commits; now != commits) {
      commits = now;
      fencings = failures = 0;
    }
    if (!end.ok()) {
      if (end.status().IsCancelled() && stop.stop_requested()) return Status::OK();
      if (Stays(end.status())) return end.status();
      if (stop.stop_requested() || ++failures > options_.max_retries) return end.status();
      spdlog::warn("gold: {}; trying again", end.status().ToString());
      Update([&](GoldStats& s) {
        ++s.retries;
        s.last_problem = end.status().message();
      });
      Wait(std::min(options_.retry_max, options_.retry_min * (1 << std::min(failures, 16))), stop);
      continue;
    }
    if (*end != End::kFenced) return Status::OK();
    if (++fencings >= options_.max_fencings) {
      return Status::Invalid("another process builds the bars of this lake: ", fencings,
                             " commits in a row were its. Stop one of the two");
    }
    spdlog::warn("gold: another process committed these bars first; going on from the table's position");
    Wait(std::min(options_.retry_max, options_.retry_min * (1 << fencings)), stop);
  }
}

}  // namespace pregao::engine
