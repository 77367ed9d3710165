#include "cli/again_propose.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/filter.h"
#include "listen/frame_judge.h"
#include "market/base64.h"

namespace pregao::cli {
namespace {

using query::Candidate;
using query::Proposal;

/// A candidate as the filter reads it. Bytes that are no text come in base64.
std::string Line(const Candidate& candidate) {
  JsonWriter w;
  w.BeginObject();
  for (const auto& [key, value] :
       {std::pair("partition", std::int64_t{candidate.partition.value}), std::pair("offset", candidate.offset.value),
        std::pair("timestamp", candidate.timestamp.value)}) {
    w.Key(key);
    w.Int(value);
  }
  w.Key("reason");
  w.String(candidate.reason);
  w.Key("detail");
  w.String(Printable(candidate.detail));
  for (const auto& [key, bytes] : {std::pair("key", &candidate.key), std::pair("value", &candidate.value)}) {
    const bool text = !*bytes || IsUtf8(**bytes);
    w.Key(text ? key : std::string(key) + "_base64");
    if (!*bytes) {
      w.Null();
    } else {
      w.String(text ? **bytes : market::EncodeBase64(**bytes));
    }
  }
  w.EndObject();
  return w.Take();
}

TimestampMs TimeOf(const Candidate& candidate, const Clock& clock) {
  // Kept: without received_at the verdict depends on it. A broker takes none that is not positive.
  return candidate.timestamp > TimestampMs(0) ? candidate.timestamp : clock.Now();
}

Proposal Refusal(std::string why) { return {std::nullopt, std::move(why)}; }

Proposal Edited(std::string value, const std::optional<std::string>& key, TimestampMs time,
                const std::vector<medallion::FieldEdit>& edits) {
  if (!edits.empty()) {
    auto edited = medallion::EditMessage(value, edits);
    if (!edited.ok()) return Refusal("--set: " + edited.status().message());
    value = std::move(*edited);
  }
  // The topic keeps a ticker in one partition.
  auto ticker = medallion::TextField(value, "ticker");
  return {topic::NewRecord{ticker ? std::move(ticker) : key, std::move(value), time, {}}, ""};
}

}  // namespace

query::Propose ProposeRepaired(std::vector<medallion::FieldEdit> edits, std::string through, const Clock* clock) {
  return [=](std::span<const Candidate> candidates) -> Result<std::vector<Proposal>> {
    std::vector<std::string> filtered;
    if (!through.empty() && !candidates.empty()) {
      std::vector<std::string> lines;
      for (const Candidate& c : candidates) lines.push_back(Line(c));
      TRY_ASSIGN(filtered, RunFilter(through, lines));
    }
    std::vector<Proposal> proposals;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate& c = candidates[i];
      const std::optional<std::string> value = through.empty() ? c.value : std::optional(filtered[i]);
      if (!value) {
        proposals.push_back(Refusal("the record has no value: --through can give it one"));
      } else if (!through.empty() && (value->empty() || *value == "null")) {
        proposals.push_back(Refusal("left alone by the filter"));
      } else {
        proposals.push_back(Edited(*value, c.key, TimeOf(c, *clock), edits));
      }
    }
    return proposals;
  };
}

query::Propose ProposeDecoded(std::vector<medallion::FieldEdit> edits, std::string source, const Clock* clock) {
  return [=](std::span<const Candidate> candidates) -> Result<std::vector<Proposal>> {
    std::vector<Proposal> proposals;
    for (const Candidate& c : candidates) {
      const TimestampMs time = TimeOf(c, *clock);
      auto judged = listen::JudgeFrame(c.value.value_or(""), time, time, source);
      switch (judged.kind) {
        case listen::JudgedFrame::Kind::kMessage:
          proposals.push_back(Edited(*std::move(judged.record.value), judged.record.key, time, edits));
          break;
        case listen::JudgedFrame::Kind::kDeadLetter:
          proposals.push_back(Refusal("cannot be decoded: " + judged.record.headers.front().value));
          break;
        case listen::JudgedFrame::Kind::kIgnored:
          proposals.push_back(Refusal("a message of type " + judged.ignored_type + ", which is no price"));
          break;
      }
    }
    return proposals;
  };
}

}  // namespace pregao::cli
