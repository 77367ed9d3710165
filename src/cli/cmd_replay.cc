#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/again.h"
#include "cli/commands.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/topics.h"
#include "listen/replay.h"

namespace pregao::cli {
namespace {

std::string Summary(const listen::ReplayCounts& counts, bool dry_run, bool json) {
  if (!json) {
    const auto count = [](std::uint64_t n) { return HumanCount(static_cast<std::int64_t>(n)); };
    return fmt::format("{} frames of {} lines: {} messages, {} dead letters, {} ignored{}\n", count(counts.frames),
                       count(counts.lines), count(counts.messages), count(counts.dead_letters), count(counts.ignored),
                       dry_run ? "; nothing was sent" : "");
  }
  JsonWriter w;
  w.BeginObject();
  w.Key("dry_run");
  w.Bool(dry_run);
  for (const auto& [key, value] :
       {std::pair("lines", counts.lines), std::pair("frames", counts.frames), std::pair("messages", counts.messages),
        std::pair("dead_letters", counts.dead_letters), std::pair("ignored", counts.ignored)}) {
    w.Key(key);
    w.Int(static_cast<std::int64_t>(value));
  }
  w.EndObject();
  return w.Take() + "\n";
}

struct Options : listen::ReplayOptions {
  AgainFlags again;
};

/// What would have gone into a topic, of a dry run.
class NoTopic final : public topic::TopicWriter {
 public:
  Status Append(std::span<const topic::NewRecord>) override { return Status::OK(); }
  const topic::TopicInfo& info() const override { return info_; }

 private:
  const topic::TopicInfo info_{"quotes", "", 1};
};

/// Every flag does something: those of the other ways to call this command are refused, not ignored.
Status CheckFlags(const CLI::App& app, const Options& options) {
  const bool again = options.again.quarantine || options.again.dead_letter;
  if (again != options.file.empty()) {
    return Misuse("name a FILE of frames, or give --quarantine or --dead-letter; see `pregao replay --help`");
  }
  const std::string wrong = again ? Given(app, {"--speed", "--source"})
                                  : Given(app, {"--reason", "--since", "--until", "--ticker", "--limit", "--set",
                                                "--through", "--anyway", "--take-over", "--accept-unproven"});
  if (wrong.empty()) return Status::OK();
  return Misuse(wrong + (again ? ": of a FILE of frames, not of --quarantine or --dead-letter"
                               : ": of --quarantine or --dead-letter, not of a FILE of frames"));
}

Result<ExitCode> RunReplay(const Context& context, const CLI::App& app, const Options& options) {
  TRY(CheckFlags(app, options));
  if (options.file.empty()) return RunAgain(context, options.again);
  TRY(listen::CheckReplay(options));  // before a topic is made for it
  TopicWriters topics;
  listen::ReplayOptions replay = options;
  if (options.again.dry_run) {
    topics = {std::make_unique<NoTopic>(), std::make_unique<NoTopic>()};
    replay.speed = 0;
  } else {
    TRY_ASSIGN(topics, OpenTopicWriters(context));
  }
  TRY_ASSIGN(const listen::ReplayCounts counts,
             listen::Replay(replay, topics.quotes.get(), topics.dead_letter.get(), *context.clock, context.stop));
  TRY(WriteOut(Summary(counts, options.again.dry_run, context.json)));
  return ExitCode::kOk;
}

}  // namespace

Command ReplayCommand() {
  return {"replay",
          "Send recorded frames, rejected records or dead letters into the topic",
          {"pregao replay frames.txt", "pregao replay frames.txt --dry-run      # what it holds; nothing is sent",
           "pregao replay frames.txt --speed 60   # a minute a second",
           "pregao replay --quarantine --dry-run                        # what is there, and what would be rows now",
           "pregao replay --quarantine --reason bad_price --ticker PETR4.SA --set price=38.2",
           "pregao replay --quarantine --since 1d --through \"jq -c '.value | fromjson | .price = -.price'\"",
           "pregao replay --dead-letter                                 # what the present decoder can read"},
          {"topic", "lake", "local.", "new-topic."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("FILE", options->file, "One frame a line, base64 or Yahoo's JSON envelope");
            options->again.Declare(app);
            app->add_option("--speed", options->speed, "0: as fast as possible; 1: as recorded; 60: a minute a second")
                ->check(CLI::Range(0.0, 1e6))
                ->capture_default_str();
            app->add_option("--source", options->source, "What the rows' column source says")->capture_default_str();
            return [app, options, context] { return RunReplay(*context, *app, *options); };
          }};
}

}  // namespace pregao::cli
