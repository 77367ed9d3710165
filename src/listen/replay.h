#pragma once
/// Recorded frames -> topic, through the listener's own path.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "topic/topic.h"

namespace pregao::listen {

struct ReplayCounts {
  std::uint64_t lines = 0;  ///< read, blanks and comments included
  std::uint64_t frames = 0;
  std::uint64_t messages = 0;      ///< durable in the topic
  std::uint64_t dead_letters = 0;  ///< durable in the dead-letter topic
  std::uint64_t ignored = 0;       ///< envelopes of another type than pricing
};

struct ReplayOptions {
  /// Text, one frame a line: bare base64 or the JSON envelope, with an optional `<received_at ms> ` before it.
  /// Blank lines and lines that begin with # are skipped. A BOM and CRLF are let through.
  std::filesystem::path file;
  /// 0: as fast as possible; 1: the pace of the recorded times (the event's where none is); 60: a minute a second.
  /// Steps backward in time are not waited for; a wait is never longer than `longest_wait`.
  double speed = 0;
  std::chrono::milliseconds longest_wait{60'000};
  std::string source = "replay";
  std::size_t batch_records = 1'000;
  std::function<void(const ReplayCounts&)> progress;  ///< after each batch; may be empty
};

/// Whether there is anything to send: the errors of Replay that are known before it sends, without its effects.
[[nodiscard]] Status CheckReplay(const ReplayOptions& options);

/// Sends the file's frames. A message has `received_at` only if the line has it; the record's timestamp is then that
/// time, else the event's. KeyError: no such file; Invalid: an option out of range, or a line above 1 MiB;
/// Cancelled: stopped, all that was sent being durable.
[[nodiscard]] Result<ReplayCounts> Replay(const ReplayOptions& options, topic::TopicWriter* quotes,
                                          topic::TopicWriter* dead_letter, const Clock& clock,
                                          std::stop_token stop = {});

}  // namespace pregao::listen
