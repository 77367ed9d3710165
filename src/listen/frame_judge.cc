#include "listen/frame_judge.h"

#include "yahoo/frame.h"

namespace pregao::listen {
namespace {

using Kind = JudgedFrame::Kind;

JudgedFrame DeadLetter(std::string frame, std::string reason, TimestampMs at) {
  JudgedFrame out{Kind::kDeadLetter, {}, {}, {}};
  out.record = {
      std::nullopt, std::move(frame), at, {{"reason", std::move(reason)}, {"time", std::to_string(at.value)}}};
  return out;
}

}  // namespace

JudgedFrame JudgeFrame(std::string frame, std::optional<TimestampMs> received_at, TimestampMs now,
                       std::string_view source) {
  auto decoded = yahoo::DecodeFrame(frame);
  if (!decoded.ok()) return DeadLetter(std::move(frame), decoded.status().message(), received_at.value_or(now));
  if (const auto* other = std::get_if<yahoo::OtherMessage>(&*decoded)) return {Kind::kIgnored, {}, {}, other->type};

  auto& quote = std::get<market::Quote>(*decoded);
  if (quote.ticker().empty()) {
    return DeadLetter(std::move(frame), "the frame names no ticker", received_at.value_or(now));
  }
  JudgedFrame out{Kind::kMessage, {}, {}, {}};
  if (const auto* time = std::get_if<std::int64_t>(&quote[market::kEventTime]); time != nullptr && *time > 0) {
    out.event_time = TimestampMs(*time);
  }
  quote.received_at = received_at;
  quote.source = source;
  out.record.key = std::string(quote.ticker());
  out.record.value = market::ToJson(quote);
  out.record.timestamp = received_at.value_or(out.event_time.value_or(now));
  return out;
}

}  // namespace pregao::listen
