#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "topic/topic.h"

namespace pregao::listen {

/// What becomes of one frame.
struct JudgedFrame {
  enum class Kind : std::uint8_t {
    kMessage,     ///< `record` goes to the topic
    kDeadLetter,  ///< `record`, the raw frame, goes to the dead-letter topic
    kIgnored,     ///< an envelope of another type than pricing: nothing goes anywhere
  };
  Kind kind;
  topic::NewRecord record;
  std::optional<TimestampMs> event_time;  ///< of a message that names one
  std::string ignored_type;
};

/// Decodes a frame and makes the topic's record of it. Pure.
/// @param received_at  what the message says of its reception; absent: it says nothing, and the record's timestamp is
///                     the event's time, or `now` where the frame has none.
[[nodiscard]] JudgedFrame JudgeFrame(std::string frame, std::optional<TimestampMs> received_at, TimestampMs now,
                                     std::string_view source);

}  // namespace pregao::listen
