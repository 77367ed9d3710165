#include "lake/optimize.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <unordered_set>

#include "lake/pack_rows.h"
#include "lake/partition_path.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

constexpr std::chrono::hours kLateness{1};  // a day is closed so long after its end

std::string ClosedBefore(TimestampMs now) {
  using namespace std::chrono;
  const year_month_day day{floor<days>(sys_time<milliseconds>(milliseconds(now.value)) - kLateness)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::int64_t BytesOf(const Bin& bin) {
  std::int64_t bytes = 0;
  for (const auto& file : bin.files) bytes += file->size;
  return bytes;
}

bool AllLive(const Bin& bin, const Snapshot& snapshot) {
  std::unordered_set<std::string> live;
  for (const auto& file : snapshot.files) live.insert(UrlDecodePath(file->path));
  return std::ranges::all_of(bin.files, [&](const auto& file) { return live.contains(UrlDecodePath(file->path)); });
}

class Packer {
 public:
  Packer(Table* table, const Clock& clock, const OptimizeOptions& options)
      : table_(table), clock_(clock), options_(options) {}

  Result<OptimizeReport> Run() {
    TRY_ASSIGN(base_, table_->Refresh());
    TRY(CheckOwner(*base_, table_->root()));
    TRY_ASSIGN(const auto bins, Plan());
    for (const Bin& bin : bins) all_ += std::ssize(bin.files);
    for (const Bin& bin : bins) {
      if (options_.stop.stop_requested() || options_.abort.stop_requested()) {
        report_.stopped = true;
        break;
      }
      if (options_.dry_run) {
        Count(bin);
      } else {
        TRY(PackUnlessOvertaken(bin));
      }
      done_ += std::ssize(bin.files);
      Tell(0);
    }
    return report_;
  }

 private:
  std::vector<Bin> PlanWithin(std::int64_t max_rows) const {
    return PlanBins(*base_, {options_.target_size, max_rows}, options_.open, options_.closed,
                    ClosedBefore(clock_.Now()));
  }

  /// Plans by size; then, as a row's width is known from a file of the plan, by rows too.
  Result<std::vector<Bin>> Plan() const {
    const auto bins = PlanWithin(std::numeric_limits<std::int64_t>::max());
    if (bins.empty()) return bins;
    constexpr std::int64_t kSample = 1 << 20;  // the largest file up to this, or the smallest of all
    const DataFile* sample = nullptr;
    for (const Bin& bin : bins) {
      for (const auto& file : bin.files) {
        const bool better =
            sample == nullptr ||
            (sample->size > kSample ? file->size < sample->size : file->size <= kSample && file->size > sample->size);
        if (better) sample = file.get();
      }
    }
    const auto width = RowWidth(table_->store().get(), table_->root(), *base_, *sample);
    if (width.status().IsInvalid()) return bins;  // gone, by another optimizer and a vacuum? Then its bin will say so
    TRY(width.status());
    return PlanWithin(
        std::max<std::int64_t>(2, static_cast<std::int64_t>(static_cast<double>(options_.memory) / *width)));
  }

  void Tell(std::int64_t more) const {
    if (options_.progress) options_.progress(done_ + more, all_);
  }

  void Count(const Bin& bin) {
    ++report_.bins;
    report_.files_before += std::ssize(bin.files);
    report_.bytes_before += BytesOf(bin);
  }

  Status PackUnlessOvertaken(const Bin& bin) {
    const Status status = Pack(bin);
    if (status.IsCancelled()) {
      report_.stopped = true;
      return Status::OK();
    }
    if (status.ok() || !status.IsInvalid()) return status;
    TRY_ASSIGN(base_, table_->Refresh());
    TRY(CheckOwner(*base_, table_->root()));
    if (AllLive(bin, *base_)) return status;
    ++report_.overtaken;
    return Status::OK();
  }

  Status Pack(Bin bin) {
    TRY_ASSIGN(const auto packed,
               ReadSorted(table_->store().get(), table_->root(), *base_, bin, options_.memory, options_.abort,
                          [this](std::size_t files) { Tell(static_cast<std::int64_t>(files)); }));
    bin.files.resize(packed.files);
    Transaction txn;
    txn.operation = "OPTIMIZE";
    txn.data_change = false;
    for (const auto& file : bin.files) txn.removes.push_back(*file);
    if (packed.rows->num_rows() > 0) {
      TRY_ASSIGN(txn.adds.emplace_back(), WriteDataFile(table_->store().get(), table_->root(), clock_, *packed.rows,
                                                        bin.partition_values, options_.write));
    }
    const std::int64_t bytes = txn.adds.empty() ? 0 : txn.adds[0].size;
    const std::int64_t added = std::ssize(txn.adds);
    txn.metrics = {{"numRemovedFiles", std::to_string(bin.files.size())},
                   {"numRemovedBytes", std::to_string(BytesOf(bin))},
                   {"numAddedFiles", std::to_string(added)},
                   {"numAddedBytes", std::to_string(bytes)},
                   {"numOutputRows", std::to_string(packed.rows->num_rows())}};
    if (options_.abort.stop_requested()) return Status::Cancelled("stopped");
    TRY(table_->Commit(base_, std::move(txn)).status());
    base_ = table_->snapshot();  // same owner and schema as before: the commit would not have passed otherwise
    Count(bin);
    report_.files_after += added;
    report_.bytes_after += bytes;
    report_.rows += packed.rows->num_rows();
    return Status::OK();
  }

  Table* const table_;
  const Clock& clock_;
  const OptimizeOptions& options_;
  std::shared_ptr<const Snapshot> base_;
  OptimizeReport report_;
  std::int64_t done_ = 0, all_ = 0;  // files of the bins behind, and of all bins
};

}  // namespace

Status CheckOwner(const Snapshot& snapshot, const std::string& table) {
  const auto owner = snapshot.properties.find("pregao.owner");
  if (owner != snapshot.properties.end() && owner->second == kEmbeddedOwner) return Status::OK();
  return Status::Invalid("table ", table, " belongs to ",
                         owner == snapshot.properties.end() ? "nobody" : "'" + owner->second + "'",
                         " (property pregao.owner), not to the embedded engine: let its own engine maintain it");
}

Result<OptimizeReport> Optimize(Table* table, const Clock& clock, const OptimizeOptions& options) {
  return Packer(table, clock, options).Run();
}

}  // namespace pregao::lake
