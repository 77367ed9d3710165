#include "cli/log.h"

#include <fmt/chrono.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"

namespace pregao::cli {
namespace {

// One JSON object a line: {"time":"2026-11-22T17:05:20.123Z","level":"info","message":"…"}.
class JsonLine final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    using namespace std::chrono;
    const auto millis = duration_cast<milliseconds>(msg.time.time_since_epoch()).count() % 1000;
    JsonWriter w;
    w.BeginObject();
    w.Key("time");
    w.String(fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(msg.time)), millis));
    w.Key("level");
    const auto level = spdlog::level::to_string_view(msg.level);
    w.String({level.data(), level.size()});
    w.Key("message");
    const std::string_view text(msg.payload.data(), msg.payload.size());
    w.String(IsUtf8(text) ? std::string(text) : Printable(text));  // what others sent may be quoted in it
    w.EndObject();
    dest.append(std::string_view(w.str()));
    dest.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLine>(); }
};

// Standard error, a line in one piece. On a terminal it first wipes the status line that stands where it is written.
class ErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    spdlog::memory_buf_t buffer;
    formatter_->format(msg, buffer);
    const std::string_view line(buffer.data(), buffer.size());
    const std::size_t begin = msg.color_range_start, end = msg.color_range_end;  // of the level
    if (!colour_ || end <= begin) return WriteError(wipe_ + std::string(line));
    WriteError(fmt::format("{}{}{}{}", wipe_, line.substr(0, begin),
                           Paint(line.substr(begin, end - begin), ColourOf(msg.level), true), line.substr(end)));
  }
  void flush_() override {}

 private:
  static Colour ColourOf(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return Colour::kRed;
    if (level == spdlog::level::warn) return Colour::kYellow;
    return level == spdlog::level::info ? Colour::kGreen : Colour::kDim;
  }

  const bool colour_ = WantsColour(STDERR_FILENO);
  const std::string wipe_ = ErrorIsTerminal() ? "\r\x1b[K" : "";
};

}  // namespace

void SetUpLog(const Settings& settings) {
  auto logger = std::make_shared<spdlog::logger>("pregao", std::make_shared<ErrorSink>());
  if (settings.log_format == "json") {
    logger->set_formatter(std::make_unique<JsonLine>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  }
  logger->set_level(spdlog::level::from_str(settings.log_level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace pregao::cli
