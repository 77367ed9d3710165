// The doctor's look at the spool.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/doctor.h"
#include "cli/spooled_topics.h"
#include "listen/spool.h"
#include "topic/open.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kNearlyFull = 80, kFull = 99;  // per cent of the bound

/// "45 s", "12 min", "3 h", "2 d": as much as says how urgent it is.
std::string Age(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(0, ms / 1000);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7'200) return fmt::format("{} min", seconds / 60);
  return seconds < 172'800 ? fmt::format("{} h", seconds / 3'600) : fmt::format("{} d", seconds / 86'400);
}

/// Whether the look at the topic found it well.
bool TopicAnswers(const std::vector<Finding>& out) {
  return std::any_of(out.begin(), out.end(),
                     [](const Finding& f) { return f.check == "topic" && f.health == Health::kOk; });
}

/// @param topic  the name of the topic that they wait for
Finding Judge(const Context& context, const listen::SpoolWaiting& waiting, const std::string& topic, bool answers) {
  const Settings& settings = context.settings;
  Finding found{"spool", Health::kWarning, "", ""};
  found.detail =
      fmt::format("{}: {} records ({}", settings.listen_spool, HumanCount(waiting.records), HumanSize(waiting.bytes));
  std::int64_t percent = 0;
  if (const auto& most = settings.listen_spool_bytes) {
    percent = waiting.bytes / std::max<std::int64_t>(1, most->value / 100);
    found.detail += fmt::format(", {} % of {}", percent, FormatSize(most->value));
  }
  found.detail += ") wait for topic " + topic;
  if (waiting.oldest) found.detail += ", the oldest for " + Age(context.clock->Now() - *waiting.oldest);
  found.fix =
      answers ? "the broker answers: `pregao listen` or `pregao run` sends them" : "bring the broker back: see topic";
  if (percent >= kNearlyFull) {
    found.health = percent >= kFull ? Health::kFailure : Health::kWarning;
    found.detail += percent >= kFull ? "; it is full: the stream is not read any more" : "; it is nearly full";
    found.fix += "; or raise listen.spool-bytes (its disk must have the room) and start the listener again";
  }
  return found;
}

}  // namespace

void CheckSpool(const Context& context, std::vector<Finding>* out) {
  const Settings& settings = context.settings;
  const auto uri = topic::ParseTopic(settings.topic);
  if (!uri.ok()) return;            // CheckTopic said so
  if (!HasSpool(settings)) return;  // a local topic needs none
  auto folder = std::filesystem::absolute(settings.listen_spool).parent_path();
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  if (access(folder.c_str(), W_OK) != 0) {
    out->push_back({"spool", Health::kFailure, folder.string() + " cannot be written",
                    "correct the folder's owner, or name another file by listen.spool"});
    return;
  }
  const auto seen = listen::LookAtSpool(settings.listen_spool);
  if (!seen.ok() && !seen.status().IsKeyError()) {
    out->push_back({"spool", Health::kFailure, seen.status().message(), "restore the file, or move it away"});
    return;
  }
  const auto all = seen.ok() ? *seen : std::vector<listen::SpoolWaiting>{};
  bool ours = false;
  for (const auto& waiting : all) {
    const auto is = [&](const topic::TopicUri& of) { return waiting.name == listen::SpoolName(topic::ToString(of)); };
    const topic::TopicUri target = is(*uri) ? *uri : topic::DeadLetter(*uri);
    if (is(target)) {
      ours = true;
      out->push_back(Judge(context, waiting, target.name, TopicAnswers(*out)));
    } else {
      out->push_back({"spool", Health::kWarning,
                      fmt::format("{}: {} records wait for another topic ({})", settings.listen_spool,
                                  HumanCount(waiting.records), waiting.name),
                      "they go there when a listener's --topic names it"});
    }
  }
  if (ours) return;
  const auto& most = settings.listen_spool_bytes;
  out->push_back({"spool", Health::kOk,
                  fmt::format("{}: nothing waits; {}", settings.listen_spool,
                              most ? "at most " + FormatSize(most->value) : "no limit but the disk's"),
                  ""});
}

}  // namespace pregao::cli
