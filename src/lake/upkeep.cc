#include "lake/upkeep.h"

#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "lake/vacuum.h"

namespace pregao::lake {

Upkeep::Upkeep(std::shared_ptr<ObjectStore> store, std::vector<std::string> roots, const Clock* clock,
               UpkeepOptions options)
    : store_(std::move(store)), clock_(clock), options_(std::move(options)) {
  for (auto& root : roots) tables_.push_back({std::move(root), nullptr, std::nullopt});
}

Status Upkeep::LookAt(Kept* kept, std::stop_token stop) {
  if (!kept->table) {
    auto table = Table::Open(store_, kept->root, clock_, options_.table);
    if (table.status().IsKeyError()) return Status::OK();
    TRY_ASSIGN(kept->table, std::move(table));
  }
  TRY_ASSIGN(const auto snapshot, kept->table->Refresh());
  if (const Status owned = CheckOwner(*snapshot, kept->root); !owned.ok()) {
    if (!kept->foreign) spdlog::info("upkeep: {}", owned.message());
    kept->foreign = true;
    return Status::OK();
  }
  kept->foreign = false;
  OptimizeOptions optimize = options_.optimize;
  optimize.abort = stop;
  const auto packed = Optimize(kept->table.get(), *clock_, optimize);
  if (packed.ok() && packed->bins > 0) {
    spdlog::debug("upkeep: {}: {} files ({}) became {} ({})", kept->root, packed->files_before,
                  HumanSize(packed->bytes_before), packed->files_after, HumanSize(packed->bytes_after));
  }
  const TimestampMs now = clock_->Now();
  const bool due = !kept->cleaned || now - *kept->cleaned >= options_.clean_every.count();
  if (due && !stop.stop_requested()) {
    kept->cleaned = now;  // whatever comes of it: a fault is tried again when it is due again
    // Packing may have failed for want of the room that this makes.
    const Status cleaned = Clean(kept, stop);
    if (!cleaned.ok() && packed.ok()) return cleaned;
    if (!cleaned.ok()) return cleaned.WithMessage(packed.status().message(), "; ", cleaned.message());
  }
  return packed.status();
}

Status Upkeep::Clean(Kept* kept, std::stop_token stop) {
  VacuumOptions vacuum;
  vacuum.retention = options_.retention;
  vacuum.stop = stop;
  TRY_ASSIGN(const auto report, Vacuum(kept->table.get(), *clock_, vacuum));
  if (!report.files.empty()) {
    spdlog::info("upkeep: {}: deleted {} files ({}) that no version of the last {} needs", kept->root,
                 report.files.size(), HumanSize(report.bytes), FormatDuration(options_.retention));
  }
  return kept->table->Checkpoint();
}

void Upkeep::Look(std::stop_token stop) {
  for (Kept& kept : tables_) {
    if (stop.stop_requested()) return;
    const Status status = LookAt(&kept, stop);
    if (status.ok() || status.IsCancelled()) continue;
    spdlog::warn("upkeep of {}: {}; trying again later", kept.root, status.message());
    if (!status.IsIOError()) kept.table = nullptr;  // replaced, or the log went on without us: look with a fresh eye
  }
}

void Upkeep::Run(std::stop_token stop) {
  // Linux gives each thread its own niceness: who appends and who reads go first.
  constexpr int kNice = 10;
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice) != 0) spdlog::debug("upkeep: normal priority");
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  while (!never.wait_for(lock, stop, options_.interval, [] { return false; }) && !stop.stop_requested()) Look(stop);
}

}  // namespace pregao::lake
