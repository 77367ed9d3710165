#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "topic/topic.h"

#include "cloud/google_credentials.h"
#include "cloud/http_client.h"

namespace pregao::cli {

enum class Health { kOk, kWarning, kFailure };

/// What one look found. `fix` says what to do about it; empty when all is well.
struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string detail, fix;
};

struct TopicState {
  topic::TopicInfo info;
  std::map<Partition, topic::OffsetRange> ranges;
};
/// Waits some seconds at most.
[[nodiscard]] Result<TopicState> LookAtTopic(const Context& context);

/// Whom Google is asked as, and for what.
struct GoogleLook {
  cloud::GoogleEnvironment environment;
  std::string scope;
  std::string emulator, emulator_variable;  ///< an emulator needs no credentials; empty: Google itself
};
/// Names the identity, or says what is wrong with it. @return whether to look further
bool CheckGoogle(const Context& context, const GoogleLook& look, const cloud::HttpOptions& http,
                 std::vector<Finding>* out);

// Each appends what it found. None changes anything but for a probe that the lake check writes and removes.
void CheckWatchlist(const Context& context, std::vector<Finding>* out);
void CheckCalendars(const Context& context, std::vector<Finding>* out);
void CheckTopic(const Context& context, std::vector<Finding>* out);
/// What waits on the disk for a broker that is away, and how much room is left there.
void CheckSpool(const Context& context, std::vector<Finding>* out);
void CheckLake(const Context& context, std::vector<Finding>* out);
/// The look at a lake that is a bucket: who we are, and whether we may list, create and delete there.
void CheckBucket(const Context& context, std::vector<Finding>* out);
void CheckTables(const Context& context, std::vector<Finding>* out);
/// Where somebody has said that BigQuery is used: who we are, the dataset, its tables and how far they are.
void CheckBigQuery(const Context& context, std::vector<Finding>* out);
void CheckDisk(const Context& context, std::vector<Finding>* out);
void CheckClock(const Context& context, std::vector<Finding>* out);
void CheckWeb(const Context& context, std::vector<Finding>* out);
/// Waits some seconds at most; `offline` it looks at the address alone.
void CheckYahoo(const Context& context, bool offline, std::vector<Finding>* out);

}  // namespace pregao::cli
