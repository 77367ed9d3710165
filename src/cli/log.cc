#include "cli/log.h"

#include <fmt/chrono.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
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
    w.String({msg.payload.data(), msg.payload.size()});
    w.EndObject();
    dest.append(std::string_view(w.str()));
    dest.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLine>(); }
};

}  // namespace

void SetUpLog(const Settings& settings) {
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(WantsColour(2) ? spdlog::color_mode::always
                                                                                       : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("pregao", std::move(sink));
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
