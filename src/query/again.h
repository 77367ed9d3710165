#pragma once
/// Records that are sent once more: rejected ones, and frames that could not be decoded.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "medallion/judge.h"
#include "query/session.h"
#include "topic/topic.h"

namespace pregao::query {

/// Which records were sent again already. A message that was carries `"replay_of": "<mark>"`; it is looked for in
/// Bronze and Quarantine, and behind Bronze's positions (all of it where there is no Bronze) in the topic itself, so
/// that one that was sent but is no row yet is seen too. Memory: about 100 bytes a mark.
class ReplayMarks {
 public:
  /// @param since  of the oldest record that may have been sent again: Bronze before that day is not read
  /// @param reader of the topic; serves nobody else
  /// Invalid: the tables know another generation of the topic.
  [[nodiscard]] Status Find(Session* session, topic::TopicReader* reader, TimestampMs since);

  /// Where the message with this mark is, "partition/offset"; null when there is none.
  [[nodiscard]] const std::string* At(const std::string& mark) const;
  void Add(const std::string& mark, std::string place) { places_.try_emplace(mark, std::move(place)); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  /// Offsets that neither Bronze nor the topic holds any more: a mark may have been in them.
  [[nodiscard]] std::int64_t unseen() const { return unseen_; }

 private:
  [[nodiscard]] Status FindInTable(Session* session, const std::string& table, const std::string& topic,
                                   TimestampMs since);
  [[nodiscard]] Status FindInTopic(topic::TopicReader* reader, topic::Positions from);

  std::map<std::string, std::string> places_;
  std::int64_t unseen_ = 0;
};

/// A record that may be sent again.
struct Candidate {
  Partition partition;
  Offset offset;
  TimestampMs timestamp;
  std::optional<std::string> key, value;
  std::string reason, detail;  ///< why it was refused
};

/// What is to be sent in a candidate's stead; `refusal` says why nothing is.
struct Proposal {
  std::optional<topic::NewRecord> record;
  std::string refusal;
};
/// Makes one proposal a candidate, in their order.
using Propose = std::function<Result<std::vector<Proposal>>(std::span<const Candidate>)>;

/// What became of a candidate. The names are part of the command's JSON.
enum class Fate { kSent, kAlready, kRejected, kSkipped };
[[nodiscard]] std::string_view FateName(Fate fate);

struct Outcome {
  const Candidate* candidate;
  Fate fate;
  std::string detail;  ///< sent: the verdict; already: where; rejected, skipped: why
  std::string value;   ///< the message, where there is one
};

struct AgainOptions {
  std::string prefix;                      ///< of marks: empty for rows of Quarantine, "dead-letter/" for dead letters
  bool dry_run = false;                    ///< send nothing; kSent then means that it would be
  bool anyway = false;                     ///< send what would be rejected again, too
  std::optional<std::int64_t> limit = {};  ///< at most so many are sent
};

/// Sends candidates again, each once. Not thread-safe.
class Again {
 public:
  /// All must outlive it; `writer` is null in a dry run.
  Again(ReplayMarks* marks, topic::TopicWriter* writer, const Clock* clock, AgainOptions options, Propose propose,
        std::function<void(const Outcome&)> report)
      : marks_(marks),
        writer_(writer),
        clock_(clock),
        options_(std::move(options)),
        propose_(std::move(propose)),
        report_(std::move(report)) {}

  /// Sends a batch; when it returns the records are durable in the topic, or an error says that some may be.
  [[nodiscard]] Status Add(std::vector<Candidate> candidates);
  /// Whether the limit is reached.
  [[nodiscard]] bool done() const { return options_.limit && counts_.at(Fate::kSent) >= *options_.limit; }
  [[nodiscard]] const std::map<Fate, std::int64_t>& counts() const { return counts_; }

 private:
  [[nodiscard]] Outcome Judge(const Candidate& candidate, const std::string& mark, Proposal* proposal);

  ReplayMarks* const marks_;
  topic::TopicWriter* const writer_;
  const Clock* const clock_;
  const AgainOptions options_;
  const Propose propose_;
  const std::function<void(const Outcome&)> report_;
  medallion::Judge judge_;
  medallion::SilverRow row_;
  std::map<Fate, std::int64_t> counts_{
      {Fate::kSent, 0}, {Fate::kAlready, 0}, {Fate::kRejected, 0}, {Fate::kSkipped, 0}};
};

/// Which rows of Quarantine.
struct QuarantineFilter {
  std::vector<std::string> reasons;         ///< none: all
  std::optional<TimestampMs> since, until;  ///< of the record's timestamp, half-open
  std::string ticker;                       ///< the record's key; empty: all
};
/// The oldest timestamp among the rows, and how many there are.
struct QuarantineExtent {
  std::int64_t rows = 0;
  TimestampMs oldest;
};
[[nodiscard]] Result<QuarantineExtent> MeasureQuarantine(Session* session, const std::string& topic,
                                                         const QuarantineFilter& filter);
/// Gives the rows to `take`, in the order of partition and offset, some hundreds at a time, until it says false.
[[nodiscard]] Status VisitQuarantine(Session* session, const std::string& topic, const QuarantineFilter& filter,
                                     const std::function<Result<bool>(std::vector<Candidate>)>& take);

}  // namespace pregao::query
