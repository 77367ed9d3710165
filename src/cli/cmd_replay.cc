#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/topics.h"
#include "listen/replay.h"

namespace pregao::cli {
namespace {

std::string Summary(const listen::ReplayCounts& counts, bool json) {
  if (!json) {
    const auto count = [](std::uint64_t n) { return HumanCount(static_cast<std::int64_t>(n)); };
    return fmt::format("{} frames of {} lines: {} messages, {} dead letters, {} ignored\n", count(counts.frames),
                       count(counts.lines), count(counts.messages), count(counts.dead_letters), count(counts.ignored));
  }
  JsonWriter w;
  w.BeginObject();
  for (const auto& [key, value] :
       {std::pair("lines", counts.lines), std::pair("frames", counts.frames), std::pair("messages", counts.messages),
        std::pair("dead_letters", counts.dead_letters), std::pair("ignored", counts.ignored)}) {
    w.Key(key);
    w.Int(static_cast<std::int64_t>(value));
  }
  w.EndObject();
  return w.Take() + "\n";
}

Result<ExitCode> RunReplay(const Context& context, const listen::ReplayOptions& options) {
  TRY_ASSIGN(const auto topics, OpenTopicWriters(context));
  TRY_ASSIGN(const listen::ReplayCounts counts,
             listen::Replay(options, topics.quotes.get(), topics.dead_letter.get(), *context.clock, context.stop));
  TRY(WriteOut(Summary(counts, context.json)));
  return ExitCode::kOk;
}

}  // namespace

Command ReplayCommand() {
  return {"replay",
          "Send recorded frames into the topic",
          {"pregao replay frames.txt", "pregao replay frames.txt --speed 60   # a minute a second"},
          {"topic", "local.", "new-topic."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<listen::ReplayOptions>();
            app->add_option("FILE", options->file, "One frame a line, base64 or Yahoo's JSON envelope")->required();
            app->add_option("--speed", options->speed, "0: as fast as possible; 1: as recorded; 60: a minute a second")
                ->check(CLI::Range(0.0, 1e6))
                ->capture_default_str();
            app->add_option("--source", options->source, "What the rows' column source says")->capture_default_str();
            return [options, context] { return RunReplay(*context, *options); };
          }};
}

}  // namespace pregao::cli
