#include "lake/pack_plan.h"

#include <algorithm>

#include "lake/data_file.h"

namespace pregao::lake {
namespace {

struct Candidate {
  std::size_t place;  // in the snapshot: the order in which files were added
  std::int64_t size, rows;
};

/// What joins whatever its size: rewriting it costs nothing to speak of.
std::int64_t Negligible(const PackLimits& limits) { return limits.target_size / 1024; }

/// Of candidates from small to large, how many are packed.
std::size_t CountToPack(const std::vector<Candidate>& candidates, const PackLimits& limits, const PackRule& rule) {
  std::size_t count = 0;
  double smaller = 0;  // bytes
  for (; count < candidates.size(); ++count) {
    const auto size = static_cast<double>(candidates[count].size);
    if (candidates[count].size > Negligible(limits) && count > 0 && size > rule.growth * smaller) break;
    smaller += size;
  }
  return count < std::max<std::size_t>(rule.min_files, 2) ? 0 : count;
}

bool IsClosed(const PartitionValues& values, const std::string& closed_before) {
  const auto date = values.find("date");
  return date != values.end() && date->second && *date->second < closed_before;
}

void AppendBins(const Snapshot& snapshot, std::vector<Candidate> candidates, const PackLimits& limits,
                std::vector<Bin>* bins) {
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
  std::int64_t size = 0, rows = 0;
  const auto close = [&] {
    if (!bins->empty() && bins->back().files.size() < 2) bins->pop_back();  // one file is packed already
  };
  const std::size_t first = bins->size();
  for (const Candidate& c : candidates) {
    if (bins->size() == first || size + c.size > limits.target_size || rows + c.rows > limits.max_rows) {
      if (bins->size() > first) close();
      bins->push_back({snapshot.files[c.place]->partition_values, {}});
      size = rows = 0;
    }
    bins->back().files.push_back(snapshot.files[c.place]);
    size += c.size;
    rows += c.rows;
  }
  if (bins->size() > first) close();
}

}  // namespace

std::vector<Bin> PlanBins(const Snapshot& snapshot, const PackLimits& limits, const PackRule& open,
                          const PackRule& closed, const std::string& closed_before) {
  std::map<PartitionValues, std::vector<Candidate>> partitions;
  for (std::size_t i = 0; i < snapshot.files.size(); ++i) {
    const DataFile& file = *snapshot.files[i];
    if (file.size >= limits.target_size / 2) continue;
    const std::int64_t rows = StatRows(file).value_or(0);
    if (rows >= limits.max_rows / 2) continue;
    partitions[file.partition_values].push_back({i, file.size, rows});
  }
  std::vector<Bin> bins;
  for (auto& [values, candidates] : partitions) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.size < b.size; });
    candidates.resize(CountToPack(candidates, limits, IsClosed(values, closed_before) ? closed : open));
    AppendBins(snapshot, std::move(candidates), limits, &bins);
  }
  return bins;
}

}  // namespace pregao::lake
