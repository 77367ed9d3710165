#include "cli/again.h"

#include <atomic>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/again_propose.h"
#include "cli/instant.h"
#include "cli/lake_session.h"
#include "cli/lake_store.h"
#include "cli/listener_options.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/status_line.h"
#include "cli/topics.h"
#include "lake/lease.h"
#include "query/audit_records.h"

namespace pregao::cli {
namespace {

using query::Candidate;
using query::Fate;

constexpr std::size_t kShownToPeople = 50, kShownToPrograms = 1'000;

/// The flags, read.
struct Wanted {
  query::QuarantineFilter filter;
  std::vector<medallion::FieldEdit> edits;
};

Result<std::optional<TimestampMs>> Instant(const std::string& flag, const std::string& text, TimestampMs now) {
  if (text.empty()) return std::nullopt;
  return InstantOf(flag, text, now);
}

Status CheckReason(const std::string& reason) {
  std::vector<std::string> names;
  for (int i = 0; i < medallion::kRejectCount; ++i) {
    names.emplace_back(medallion::RejectName(static_cast<medallion::Reject>(i)));
    if (names.back() == reason) return Status::OK();
  }
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return Status::Invalid("--reason: '" + reason + "' is none of " + all);
}

Result<Wanted> Read(const AgainFlags& flags, TimestampMs now) {
  if (flags.quarantine && flags.dead_letter) return Status::Invalid("--quarantine and --dead-letter: one at a time");
  Wanted wanted;
  TRY_ASSIGN(wanted.filter.since, Instant("--since", flags.since, now));
  TRY_ASSIGN(wanted.filter.until, Instant("--until", flags.until, now));
  if (flags.quarantine) {
    for (const auto& reason : flags.reasons) TRY(CheckReason(reason));
  } else if (!flags.ticker.empty() || !flags.through.empty()) {
    return Status::Invalid(
        "--ticker and --through go with --quarantine: a dead letter is a frame, and has neither key nor message");
  }
  wanted.filter.reasons = flags.reasons;
  wanted.filter.ticker = flags.ticker;
  for (const auto& set : flags.sets) {
    const auto edit = medallion::ParseFieldEdit(set);
    if (!edit.ok()) return Status::Invalid("--set: " + edit.status().message());
    wanted.edits.push_back(*edit);
  }
  return wanted;
}

Candidate DeadLetter(const topic::RecordBatch& records, std::size_t i) {
  Candidate out{records[i].partition, records[i].offset, records[i].timestamp, {}, {}, "dead-letter", {}};
  if (const auto value = records.Value(i)) out.value = *value;
  for (const auto& header : records.Headers(i)) {
    if (header.key == "reason") out.detail = header.value;
  }
  return out;
}

bool Matches(const query::QuarantineFilter& filter, const Candidate& c) {
  if ((filter.since && c.timestamp < *filter.since) || (filter.until && c.timestamp >= *filter.until)) return false;
  return filter.reasons.empty() ||
         std::any_of(filter.reasons.begin(), filter.reasons.end(),
                     [&](const std::string& text) { return c.detail.find(text) != std::string::npos; });
}

/// Where the candidates come from.
class Source {
 public:
  virtual ~Source() = default;
  /// How many there are, and the time of the oldest.
  virtual Result<query::QuarantineExtent> Measure() = 0;
  virtual Status Visit(const std::function<Result<bool>(std::vector<Candidate>)>& take) = 0;
};

class QuarantineSource final : public Source {
 public:
  QuarantineSource(query::Session* session, std::string topic, query::QuarantineFilter filter)
      : session_(session), topic_(std::move(topic)), filter_(std::move(filter)) {}
  Result<query::QuarantineExtent> Measure() override { return MeasureQuarantine(session_, topic_, filter_); }
  Status Visit(const std::function<Result<bool>(std::vector<Candidate>)>& take) override {
    return VisitQuarantine(session_, topic_, filter_, take);
  }

 private:
  query::Session* const session_;
  const std::string topic_;
  const query::QuarantineFilter filter_;
};

class DeadLetterSource final : public Source {
 public:
  DeadLetterSource(const Context& context, topic::TopicUri uri, query::QuarantineFilter filter)
      : context_(context), uri_(std::move(uri)), filter_(std::move(filter)) {}
  Result<query::QuarantineExtent> Measure() override {
    query::QuarantineExtent extent;
    TRY(Visit([&](const std::vector<Candidate>& candidates) -> Result<bool> {
      for (const Candidate& c : candidates) {
        extent.oldest = extent.rows == 0 ? c.timestamp : std::min(extent.oldest, c.timestamp);
        ++extent.rows;
      }
      return true;
    }));
    return extent;
  }
  Status Visit(const std::function<Result<bool>(std::vector<Candidate>)>& take) override {
    auto reader =
        topic::OpenReader(uri_, TopicSettingsOf(context_, false), {.group = "pregao-replay", .partitions = {}});
    if (reader.status().IsKeyError()) return Status::OK();  // no frame was ever refused
    TRY(reader.status());
    TRY_ASSIGN(const auto ranges, (*reader)->Ranges());
    std::map<Partition, Offset> limits;
    for (const auto& [partition, range] : ranges) limits[partition] = range.high;
    query::TopicWalk walk(reader->get(), std::move(limits));
    for (;;) {
      TRY_ASSIGN(const auto records, walk.Next());
      if (records.empty()) return Status::OK();
      std::vector<Candidate> candidates;
      for (std::size_t i = 0; i < records.size(); ++i) {
        Candidate c = DeadLetter(records, i);
        if (Matches(filter_, c)) candidates.push_back(std::move(c));
      }
      TRY_ASSIGN(const bool more, take(std::move(candidates)));
      if (!more) return Status::OK();
    }
  }

 private:
  const Context& context_;
  const topic::TopicUri uri_;
  const query::QuarantineFilter filter_;
};

/// Collects what is shown at the end.
class Report {
 public:
  Report(const AgainFlags& flags, bool json) : flags_(flags), json_(json) { array_.BeginArray(); }

  void Add(const query::Outcome& o) {
    if (json_) {
      if (shown_++ < kShownToPrograms) AddJson(o);
      return;
    }
    if (o.fate == Fate::kAlready || (o.fate == Fate::kSent && !flags_.dry_run)) return;
    if (shown_++ >= kShownToPeople) return;
    const bool sent = o.fate == Fate::kSent;
    table_.rows.push_back({Place(*o.candidate), Printable(o.candidate->reason + ": " + o.candidate->detail),
                           sent ? "would be sent" : std::string(FateName(o.fate)), Printable(o.detail),
                           Printable(o.value.substr(0, 100)) + (o.value.size() > 100 ? "…" : "")});
  }

  std::string Text(const std::map<Fate, std::int64_t>& counts, std::int64_t selected) {
    return json_ ? Json(counts, selected) : People(counts, selected);
  }

 private:
  static std::string Place(const Candidate& c) { return fmt::format("{}/{}", c.partition.value, c.offset.value); }

  void AddJson(const query::Outcome& o) {
    array_.BeginObject();
    array_.Key("partition");
    array_.Int(o.candidate->partition.value);
    array_.Key("offset");
    array_.Int(o.candidate->offset.value);
    for (const auto& [key, text] : {std::pair<const char*, std::string>("reason", o.candidate->reason),
                                    {"fate", std::string(FateName(o.fate))},
                                    {"detail", o.detail},
                                    {"message", o.value}}) {
      array_.Key(key);
      array_.String(IsUtf8(text) ? text : Printable(text));
    }
    array_.EndObject();
  }

  std::string Json(const std::map<Fate, std::int64_t>& counts, std::int64_t selected) {
    array_.EndArray();
    JsonWriter w;
    w.BeginObject();
    w.Key("dry_run");
    w.Bool(flags_.dry_run);
    w.Key("selected");
    w.Int(selected);
    for (const auto& [fate, count] : counts) {
      w.Key(FateName(fate));
      w.Int(count);
    }
    w.Key("records");
    w.Raw(array_.str());
    w.EndObject();
    return w.Take() + "\n";
  }

  std::string People(const std::map<Fate, std::int64_t>& counts, std::int64_t selected) {
    std::string out;
    if (!table_.rows.empty()) out += table_.ToString() + "\n";
    if (shown_ > kShownToPeople)
      out += fmt::format("{} more like these\n", HumanCount(static_cast<std::int64_t>(shown_ - kShownToPeople)));
    const auto count = [&](Fate fate) { return HumanCount(counts.at(fate)); };
    out += fmt::format("{} records: {} {}, {} sent before, {} would be rejected again, {} left alone\n",
                       HumanCount(selected), count(Fate::kSent), flags_.dry_run ? "would be sent" : "sent",
                       count(Fate::kAlready), count(Fate::kRejected), count(Fate::kSkipped));
    if (counts.at(Fate::kSent) > 0 && !flags_.dry_run) {
      out += "they become rows when the engine has read them: pregao silver --until end\n";
    }
    return out;
  }

  const AgainFlags& flags_;
  const bool json_;
  std::size_t shown_ = 0;
  JsonWriter array_;
  TextTable table_{{{"record"}, {"was"}, {"now"}, {"detail"}, {"message"}}, {}};
};

Status CheckSeen(const query::ReplayMarks& marks, const AgainFlags& flags) {
  if (marks.unseen() == 0 || flags.dry_run || flags.accept_unproven) return Status::OK();
  return Status::Invalid(
      HumanCount(marks.unseen()), " offsets are neither in bronze nor in the topic any more, so that ",
      "nobody can tell whether a record was sent again before. --accept-unproven sends all the same: "
      "a quote that silver has already is dropped as a duplicate");
}

Result<ExitCode> Send(const Context& context, const AgainFlags& flags, const Wanted& wanted) {
  const std::stop_token stop = context.stop;
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  TRY_ASSIGN(const auto reader,
             topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-replay", .partitions = {}}));
  // Dead letters need no lake; the lease and the first look at the tables do.
  TRY_ASSIGN(auto store, flags.dead_letter ? OpenLake(context) : OpenExistingLake(context));
  TRY_ASSIGN(const auto session, OpenSession(context));
  const InterruptOnStop interrupt(session.get(), stop);
  std::unique_ptr<lake::Lease> lease;
  TopicWriters writers;
  if (!flags.dry_run) {
    TRY_ASSIGN(lease, lake::Lease::Take(store, "_pregao/replay", *context.clock, flags.take_over));
    TRY_ASSIGN(writers, OpenTopicWriters(context));
  }
  std::unique_ptr<Source> source;
  if (flags.quarantine) {
    source = std::make_unique<QuarantineSource>(session.get(), reader->info().name, wanted.filter);
  } else {
    source = std::make_unique<DeadLetterSource>(context, topic::DeadLetter(uri), wanted.filter);
  }
  TRY_ASSIGN(const auto extent, source->Measure());
  query::ReplayMarks marks;
  if (extent.rows > 0) TRY(marks.Find(session.get(), reader.get(), extent.oldest));
  TRY(CheckSeen(marks, flags));

  Report report(flags, context.json);
  std::atomic<std::int64_t> looked_at = 0;
  query::AgainOptions options;
  options.prefix = flags.quarantine ? "" : "dead-letter/";
  options.dry_run = flags.dry_run;
  options.anyway = flags.anyway;
  if (flags.limit > 0) options.limit = flags.limit;
  query::Again again(&marks, writers.quotes.get(), context.clock, options,
                     flags.quarantine ? ProposeRepaired(wanted.edits, flags.through, context.clock)
                                      : ProposeDecoded(wanted.edits, SourceOf(context.settings), context.clock),
                     [&](const query::Outcome& outcome) { report.Add(outcome); });
  {
    const StatusLine line([&] { return ProgressText("sending again", looked_at, extent.rows); });
    TRY(source->Visit([&](std::vector<Candidate> candidates) -> Result<bool> {
      if (stop.stop_requested()) return Status::Cancelled("stopped");
      const auto count = static_cast<std::int64_t>(candidates.size());
      TRY(again.Add(std::move(candidates)));
      looked_at += count;
      return !again.done();
    }));
  }
  TRY(WriteOut(report.Text(again.counts(), extent.rows)));
  return ExitCode::kOk;
}

}  // namespace

void AgainFlags::Declare(CLI::App* app) {
  app->add_flag("--quarantine", quarantine, "Instead of FILE: the rejected records, those that would be rows now");
  app->add_flag("--dead-letter", dead_letter, "Instead of FILE: the frames that could not be decoded, decoded again");
  app->add_option("--reason", reasons, "Rejected for this reason; of dead letters: whose reason holds this text");
  app->add_option("--since", since, "Received from then on: how long ago (10m) or a time in UTC");
  app->add_option("--until", until, "Received before then");
  app->add_option("--ticker", ticker, "Rejected records with this key");
  app->add_option("--limit", limit, "Send at most so many")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  app->add_option("--set", sets, "KEY=VALUE in each message, such as price=12.5; KEY= removes the key")
      ->allow_extra_args(false);
  app->add_option(
      "--through", through,
      "A shell command that reads rejected records as JSON lines and writes a message for each, or an empty "
      "line to leave it alone");
  app->add_flag("--dry-run", dry_run,
                "Show what would be sent, and of --quarantine and --dead-letter its verdict; send nothing");
  app->add_flag("--anyway", anyway, "Send what would be rejected again, too");
  app->add_flag("--take-over", take_over, "Another machine that died in the middle of this is certainly dead");
  app->add_flag("--accept-unproven", accept_unproven,
                "Send although nobody can tell any more whether it was sent before");
}

Result<ExitCode> RunAgain(const Context& context, const AgainFlags& flags) {
  const auto wanted = Read(flags, context.clock->Now());
  if (!wanted.ok()) return AsMisuse(wanted.status());
  if (flags.quarantine) TRY(OpenSession(context).status());  // says what to do where there is no lake
  return Send(context, flags, *wanted);
}

}  // namespace pregao::cli
