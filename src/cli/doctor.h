#pragma once
#include <string>
#include <vector>

#include "cli/commands.h"

namespace pregao::cli {

enum class Health { kOk, kWarning, kFailure };

/// What one look found. `fix` says what to do about it; empty when all is well.
struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string detail, fix;
};

// Each appends what it found. None changes anything but for a probe that the lake check writes and removes.
void CheckWatchlist(const Context& context, std::vector<Finding>* out);
void CheckTopic(const Context& context, std::vector<Finding>* out);
/// What waits on the disk for a broker that is away, and how much room is left there.
void CheckSpool(const Context& context, std::vector<Finding>* out);
void CheckLake(const Context& context, std::vector<Finding>* out);
/// The look at a lake that is a bucket: who we are, and whether we may list, create and delete there.
void CheckBucket(const Context& context, std::vector<Finding>* out);
void CheckTables(const Context& context, std::vector<Finding>* out);
void CheckDisk(const Context& context, std::vector<Finding>* out);
void CheckClock(const Context& context, std::vector<Finding>* out);
void CheckWeb(const Context& context, std::vector<Finding>* out);
/// Waits some seconds at most.
void CheckYahoo(const Context& context, std::vector<Finding>* out);

}  // namespace pregao::cli
