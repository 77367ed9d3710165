#include "listen/replay.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>

#include "listen/frame_writer.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxLineBytes = 1 << 20;
/// Shorter waits are saved up: below this the batch is not broken for them.
constexpr milliseconds kLeastWait{20};

struct Line {
  std::string frame;
  std::optional<TimestampMs> received_at;
};

/// The file's lines, each bounded.
class LineReader {
 public:
  static Result<LineReader> Open(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return Status::KeyError("recording ", file.string(), " does not exist");
    if (std::filesystem::is_directory(file, error))
      return Status::Invalid("recording ", file.string(), " is a folder: name a file of one frame a line");
    LineReader out(file);
    if (!out.in_) return Status::IOError("recording ", file.string(), " cannot be read: ", std::strerror(errno));
    return out;
  }

  /// The next line that holds a frame; nullopt at the end.
  Result<std::optional<Line>> Next() {
    while (in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()))) {
      std::string_view text(buffer_.data(), static_cast<std::size_t>(in_.gcount()) - (in_.eof() ? 0 : 1));
      if (lines_++ == 0 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
      if (text.ends_with('\r')) text.remove_suffix(1);
      if (text.empty() || text.starts_with('#')) continue;
      return Split(text);
    }
    if (in_.eof()) return std::nullopt;
    if (in_.bad()) return Status::IOError(file_.string(), ":", lines_ + 1, ": cannot be read: ", std::strerror(errno));
    return Status::Invalid(file_.string(), ":", lines_ + 1, ": the line is longer than ", kMaxLineBytes,
                           " bytes: is it a recording, one frame a line?");
  }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  explicit LineReader(const std::filesystem::path& file)
      : file_(file), in_(file, std::ios::binary), buffer_(kMaxLineBytes + 1, '\0') {}

  /// "<received_at ms> <frame>" or the frame alone: base64 has no blank, and an envelope does not begin with a digit.
  static Line Split(std::string_view text) {
    const std::size_t blank = text.find(' ');
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + std::min(blank, text.size()), time);
    if (blank == std::string_view::npos || error != std::errc{} || end != text.data() + blank || time <= 0) {
      return {std::string(text), std::nullopt};
    }
    return {std::string(text.substr(blank + 1)), TimestampMs(time)};
  }

  std::filesystem::path file_;
  std::ifstream in_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
};

/// Tells when the frame of a recorded time is due.
class Pace {
 public:
  explicit Pace(const ReplayOptions& options) : speed_(options.speed), longest_(options.longest_wait) {}

  /// How long to wait before a frame of this time.
  milliseconds Until(TimestampMs time) {
    if (speed_ == 0) return milliseconds(0);
    if (!last_.has_value()) {
      last_ = time;
      due_ = SteadyClock::now();
    }
    if (time > *last_) {
      const double wait_ms = static_cast<double>(time - *last_) / speed_;
      due_ += milliseconds(std::llround(std::min(wait_ms, static_cast<double>(longest_.count()))));
      last_ = time;
    }
    return std::chrono::ceil<milliseconds>(due_ - SteadyClock::now());
  }

 private:
  const double speed_;
  const milliseconds longest_;
  std::optional<TimestampMs> last_;
  SteadyClock::time_point due_;
};

Status Check(const ReplayOptions& options) {
  if (!(options.speed >= 0) || !std::isfinite(options.speed)) {
    return Status::Invalid("speed ", options.speed, " is out of range: give 0 (as fast as possible) or more");
  }
  if (options.batch_records == 0) return Status::Invalid("batch_records is 0: give at least 1");
  return Status::OK();
}

}  // namespace

Status CheckReplay(const ReplayOptions& options) {
  TRY(Check(options));
  return LineReader::Open(options.file).status();
}

Result<ReplayCounts> Replay(const ReplayOptions& options, topic::TopicWriter* quotes, topic::TopicWriter* dead_letter,
                            const Clock& clock, std::stop_token stop) {
  TRY(Check(options));
  TRY_ASSIGN(LineReader reader, LineReader::Open(options.file));
  FrameWriter writer(quotes, dead_letter, {});
  Pace pace(options);
  ReplayCounts counts;
  std::mutex mutex;
  std::condition_variable_any never;  // waited on for its time-out or stop
  const auto flush = [&]() -> Status {
    TRY(writer.Flush(stop));
    counts.lines = reader.lines();
    counts.messages = writer.counts().messages;
    counts.dead_letters = writer.counts().dead_letters;
    if (options.progress) options.progress(counts);
    return Status::OK();
  };
  while (true) {
    if (stop.stop_requested()) {
      TRY(flush());
      return Status::Cancelled("the replay was stopped after line ", reader.lines(), " of ", options.file.string());
    }
    TRY_ASSIGN(auto line, reader.Next());
    if (!line.has_value()) break;
    JudgedFrame judged = JudgeFrame(std::move(line->frame), line->received_at, clock.Now(), options.source);
    const auto time = line->received_at.has_value() ? line->received_at : judged.event_time;
    if (const auto wait = time.has_value() ? pace.Until(*time) : milliseconds(0); wait >= kLeastWait) {
      TRY(flush());
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, wait, [] { return false; });
    }
    ++counts.frames;
    if (judged.kind == JudgedFrame::Kind::kIgnored) ++counts.ignored;
    writer.Add(std::move(judged));
    if (writer.pending() >= options.batch_records) TRY(flush());
  }
  TRY(flush());
  return counts;
}

}  // namespace pregao::listen
