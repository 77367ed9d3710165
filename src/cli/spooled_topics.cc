#include "cli/spooled_topics.h"

#include <chrono>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <limits>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "topic/awaited_reader.h"

namespace pregao::cli {
namespace {

Result<std::unique_ptr<listen::Spool>> OpenSpool(const Context& context, const topic::TopicUri& uri, bool mark,
                                                 std::shared_ptr<listen::SpoolRoom> room) {
  listen::SpoolOptions options;
  options.name = uri.name;
  options.address = topic::ToString(uri);
  options.mark = mark;
  auto open = [uri, settings = TopicSettingsOf(context, true)]() -> Result<std::unique_ptr<topic::TopicWriter>> {
    const auto folder = std::filesystem::path(uri.path).parent_path();
    std::error_code error;
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) return Status::IOError("the topic's folder ", folder.string(), " cannot be made: ", error.message());
    auto writer = topic::OpenWriter(uri, settings);
    // The stream is heard and kept whatever the cluster thinks of us.
    return uri.kafka() && !writer.ok() ? topic::AsAway(writer.status()) : std::move(writer);
  };
  TRY(topic::CheckSettings(uri, TopicSettingsOf(context, true)));
  return listen::Spool::Create(std::move(options), std::move(room), std::move(open), context.clock);
}

}  // namespace

bool HasSpool(const Settings& settings) {
  if (settings.listen_spool.empty()) return false;
  const auto origin = settings.origins.find("listen.spool");
  const bool given = origin != settings.origins.end() && origin->second != "default";
  return given || !settings.topic.starts_with("local:");
}

Result<ListenerTopics> OpenListenerTopics(const Context& context) {
  const Settings& settings = context.settings;
  ListenerTopics topics;
  if (!HasSpool(settings)) {
    spdlog::debug("no spool: {}",
                  settings.listen_spool.empty() ? "listen.spool is empty" : "the topic is a local file");
    TRY_ASSIGN(topics.writers, OpenTopicWriters(context));
    return topics;
  }
  TRY_ASSIGN(const topic::TopicUri uri, topic::ParseTopic(settings.topic));
  const std::int64_t most =
      settings.listen_spool_bytes ? settings.listen_spool_bytes->value : std::numeric_limits<std::int64_t>::max();
  TRY_ASSIGN(const auto room, listen::SpoolRoom::Open(settings.listen_spool, most));
  TRY_ASSIGN(auto quotes, OpenSpool(context, uri, false, room));
  // Nothing behind the topic drops a dead letter that came twice, so one that may have says so.
  TRY_ASSIGN(auto dead_letter, OpenSpool(context, topic::DeadLetter(uri), true, room));
  const auto others =
      listen::WaitingForOthers(settings.listen_spool, {topic::ToString(uri), topic::ToString(topic::DeadLetter(uri))});
  TRY(others.status());
  for (const auto& [name, records] : *others) {
    spdlog::warn("{} records wait in the spool {} for another topic ({}): they go there when --topic names it", records,
                 settings.listen_spool, name);
  }
  topics.spool = [a = quotes.get(), b = dead_letter.get()] {
    auto sum = a->stats();
    const auto more = b->stats();
    sum.waiting += more.waiting;
    sum.bytes += more.bytes;
    sum.spooled += more.spooled;
    sum.refused += more.refused;
    if (more.since) sum.since = sum.since ? std::min(*sum.since, *more.since) : *more.since;
    if (sum.problem.empty()) sum.problem = more.problem;
    return sum;
  };
  topics.writers = {std::move(quotes), std::move(dead_letter)};
  return topics;
}

std::string SpoolText(const ListenerTopics& topics) {
  if (!topics.spool) return "";
  const auto stats = topics.spool();
  if (stats.waiting == 0) return "";
  std::string text =
      fmt::format(" · spooled {} ({})", HumanCount(static_cast<std::int64_t>(stats.waiting)), HumanSize(stats.bytes));
  if (stats.since) {
    const std::chrono::sys_seconds since(std::chrono::seconds(stats.since->value / 1000));
    text += fmt::format(" since {:%H:%M:%S} UTC", since);
  }
  if (!stats.problem.empty()) text += ": " + Printable(stats.problem);
  return text;
}

}  // namespace pregao::cli
