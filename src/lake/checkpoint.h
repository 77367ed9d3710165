#pragma once
/// Checkpoints and what they allow to be deleted.
#include <chrono>
#include <string>

#include "base/status.h"
#include "lake/log_state.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// A file that was removed so soon after its writing gets no tombstone: vacuum spares files that no log names for its
/// retention and this long on top, so the file's own age is enough. Without this a commit a second, packed every
/// minute, would leave 600,000 tombstones in each checkpoint.
inline constexpr std::chrono::hours kBriefLife{1};

/// How long a checkpoint remembers a removed file: `delta.deletedFileRetentionDuration`, by default a week.
[[nodiscard]] std::chrono::milliseconds TombstoneRetention(const Metadata& metadata);

/// Writes the checkpoint of `state`, then `_last_checkpoint` unless that names a newer one already.
[[nodiscard]] Status WriteCheckpoint(ObjectStore* store, const std::string& root, const LogState& state,
                                     TimestampMs now);

/// Deletes the entries and checkpoints that no version written after `cutoff` needs: what lies before the newest
/// checkpoint that is not newer than the last entry written at or before `cutoff`.
[[nodiscard]] Status CleanLog(ObjectStore* store, const std::string& root, TimestampMs cutoff);

}  // namespace pregao::lake
