#include "listen/spool.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/text.h"
#include "listen/spool_file.h"
#include "topic/refusal.h"

namespace pregao::listen {
namespace {

using topic::NewRecord;

/// What no retry mends. That the cluster refuses us may be put right there: till then the topic is away.
bool Stays(const Status& status) {
  return (status.IsInvalid() || status.IsNotImplemented()) && !topic::IsRefusalOfUs(status);
}

}  // namespace

Result<std::shared_ptr<SpoolRoom>> SpoolRoom::Open(std::string path, std::int64_t max_bytes) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Status::IOError("the spool's folder ", folder.string(), " cannot be made: ", error.message());
  const std::string lock_path = path + ".lock";
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return Status::IOError("the spool's lock ", lock_path, " cannot be made: ", std::strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    close(lock);
    if (why == EWOULDBLOCK) {
      return Status::Invalid("another listener uses the spool ", path, ": give this one its own by listen.spool");
    }
    return Status::IOError("the spool's lock ", lock_path, " cannot be had: ", std::strerror(why),
                           ": name a file on a local disk by listen.spool");
  }
  return std::shared_ptr<SpoolRoom>(new SpoolRoom(std::move(path), max_bytes, lock));
}

SpoolRoom::~SpoolRoom() { close(lock_); }

struct Spool::State {
  /// Records on their way to the topic while a caller waits for the answer.
  struct Direct {
    std::vector<NewRecord> records;
    std::optional<Status> answer;
    std::size_t spooled = 0;  // so many records: the caller lost patience and put them into the file as well
  };

  State(SpoolOptions o, std::shared_ptr<SpoolRoom> r, OpenTopic opener, const Clock* c, std::unique_ptr<SpoolFile> f)
      : options(std::move(o)), room(std::move(r)), open(std::move(opener)), clock(c), file(std::move(f)) {
    info.name = options.name;
  }

  bool Arrived(const Direct* late);
  Status Put(std::span<const NewRecord> records, Direct* late);
  void Count(std::int64_t records, std::int64_t bytes);
  Status OpenOnce();
  void Work(std::stop_token stop);
  void SendDirect(const std::shared_ptr<Direct>& batch);
  bool Step(bool idle);
  Status Load();
  Status SendBatch();
  Result<bool> SkipSent();
  void Sent();
  void Away(const Status& status);
  void Unreadable(const Status& status);
  void Back();

  const SpoolOptions options;
  const std::shared_ptr<SpoolRoom> room;
  const OpenTopic open;
  const Clock* const clock;
  const std::unique_ptr<SpoolFile> file;
  topic::TopicInfo info;
  std::mutex append_mutex;  // one Append at a time, so that what is appended first waits first

  // Of the sending thread.
  std::unique_ptr<topic::TopicWriter> topic;  // set under the mutex, and never again
  std::vector<NewRecord> batch;               // taken from the file and not yet sent

  mutable std::mutex mutex;  // guards all below
  std::condition_variable_any work, answered;
  std::shared_ptr<Direct> direct;
  std::size_t skip = 0;  // the file's next records that are in the topic already
  std::optional<Status> opened, refusal;
  bool closing = false;  // the destructor waits
  bool ended = false;    // the thread has nothing under way
  SpoolStats stats;
  std::jthread thread;  // last: it uses the rest
};

/// Whether the topic has taken them after all. It was said to be away: nobody else would say that it is back. Requires
/// the mutex.
bool Spool::State::Arrived(const Direct* late) {
  if (late == nullptr || !late->answer || !late->answer->ok()) return false;
  if (stats.waiting == 0) Back();
  return true;
}

/// Into the file, behind what waits there. `late`: the same records on their way to the topic, unanswered so far.
Status Spool::State::Put(std::span<const NewRecord> records, Direct* late) {
  std::vector<NewRecord> marked;
  if (options.mark) {
    marked.assign(records.begin(), records.end());
    for (NewRecord& record : marked) record.headers.push_back({"spooled", std::to_string(clock->Now().value)});
    records = marked;
  }
  const std::int64_t bytes = SpoolBytes(records);
  {
    const std::lock_guard lock(mutex);
    if (Arrived(late)) return Status::OK();
    if (room->used() + bytes > room->max_bytes()) {
      ++stats.refused;
      return Status::IOError("topic ", info.name, " is away, and the spool ", room->path(), " is full (",
                             HumanSize(room->used()), " of ", HumanSize(room->max_bytes()),
                             "): nothing more is taken until it is back; listen.spool-bytes sets the limit");
    }
    // Counted before they can be read, or the sender would count them off first.
    Count(static_cast<std::int64_t>(records.size()), bytes);
    if (late != nullptr && !late->answer) late->spooled = records.size();
  }
  const Status status = file->Append(records);
  const std::lock_guard lock(mutex);
  work.notify_all();
  if (status.ok()) {
    stats.spooled += records.size();
    return status;
  }
  Count(-static_cast<std::int64_t>(records.size()), -bytes);
  if (late != nullptr) late->spooled = skip = 0;  // it is the only one that sets skip, and the file was empty before it
  if (Arrived(late)) return Status::OK();
  ++stats.refused;
  return status.WithMessage("topic ", info.name, " is away, and the spool: ", status.message());
}

/// Requires the mutex.
void Spool::State::Count(std::int64_t records, std::int64_t bytes) {
  stats.waiting = static_cast<std::uint64_t>(static_cast<std::int64_t>(stats.waiting) + records);
  stats.bytes += bytes;
  room->Use(bytes);
}

void Spool::State::Away(const Status& status) {
  const std::lock_guard lock(mutex);
  stats.problem = status.message();
  if (stats.since) return;
  stats.since = clock->Now();
  spdlog::warn("topic {} is away: {}; what is heard waits in {} and goes on when it is back", info.name,
               status.message(), room->path());
}

/// What waits stays in the file, and so does what comes.
void Spool::State::Unreadable(const Status& status) {
  const std::lock_guard lock(mutex);
  std::string problem = "the spool " + room->path() + " cannot be read: " + status.message();
  if (problem != stats.problem) spdlog::warn("what waits for topic {} is not sent: {}", info.name, problem);
  stats.problem = std::move(problem);
  if (Stays(status)) refusal = status.WithMessage(stats.problem);
}

Status Spool::State::OpenOnce() {
  if (topic != nullptr) return Status::OK();
  auto writer = open();
  const std::lock_guard lock(mutex);
  if (writer.ok()) topic = std::move(*writer);
  if (topic != nullptr && closing) topic->Abandon();
  if (!opened) opened = writer.status();
  answered.notify_all();
  return writer.status();
}

void Spool::State::SendDirect(const std::shared_ptr<Direct>& sent) {
  Status status = OpenOnce();
  if (status.ok()) status = topic->Append(sent->records);
  if (!status.ok() && !Stays(status)) Away(status);
  const std::lock_guard lock(mutex);
  sent->answer = status;
  direct.reset();
  if (status.ok()) skip = sent->spooled;
  if (status.ok() && stats.waiting == 0) Back();
  answered.notify_all();
}

/// Requires the mutex.
void Spool::State::Back() {
  stats.problem.clear();
  if (!stats.since) return;
  stats.drained = clock->Now();
  spdlog::info("topic {} is back: all that waited in the last {} s is in it, in order", info.name,
               (*stats.drained - *stats.since) / 1000);
  stats.since.reset();
}

/// Forgets records that are in the topic already: its answer came after they had been put into the file.
/// @return whether there are any
Result<bool> Spool::State::SkipSent() {
  std::size_t left = 0;
  {
    const std::lock_guard lock(mutex);
    left = skip;
  }
  if (left == 0) return false;
  TRY_ASSIGN(batch, file->Next(left));
  {
    const std::lock_guard lock(mutex);
    skip -= std::min(skip, batch.size());
  }
  if (!batch.empty()) Sent();
  return true;
}

/// The batch is in the topic.
void Spool::State::Sent() {
  const Status forgotten = file->Forget();
  if (!forgotten.ok()) spdlog::warn("what was sent stays in the spool for now: {}", forgotten.message());
  const std::int64_t bytes = SpoolBytes(batch);
  const std::lock_guard lock(mutex);
  Count(-static_cast<std::int64_t>(batch.size()), -bytes);
  batch.clear();
  if (stats.waiting > 0) return;
  Count(0, -stats.bytes);  // the rest of a chunk that an earlier process had sent in part
  Back();
}

/// Takes what is next out of the file. Its errors are the file's.
Status Spool::State::Load() {
  TRY_ASSIGN(const bool skipped, SkipSent());
  if (skipped || !batch.empty()) return Status::OK();
  return file->Next(options.batch_records).Value(&batch);
}

/// Sends what Load took. Its errors are the topic's.
Status Spool::State::SendBatch() {
  if (batch.empty()) return Status::OK();
  TRY(OpenOnce());
  TRY(topic->Append(batch));
  Sent();
  return Status::OK();
}

/// Sends what waits, or opens the topic if nothing does. @return whether that went well
bool Spool::State::Step(bool idle) {
  if (!idle) {
    if (const Status status = Load(); !status.ok()) {
      Unreadable(status);
      return false;
    }
  }
  const Status status = idle ? OpenOnce() : SendBatch();
  if (status.ok()) return true;
  Away(status);
  const std::lock_guard lock(mutex);
  if (Stays(status)) {
    refusal = status.WithMessage("topic ", info.name, " refuses what waits in the spool ", room->path(), ": ",
                                 status.message());
  }
  return false;
}

void Spool::State::Work(std::stop_token stop) {
  auto wait = options.retry_min;
  if (const Status status = OpenOnce(); status.IsIOError()) Away(status);
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    // Also without work a topic that could not be opened is tried again, so that it is known when it is back.
    work.wait(lock, stop, [&] { return direct != nullptr || stats.waiting > 0 || (stats.since && topic == nullptr); });
    if (stop.stop_requested()) return;
    const auto taken = direct;
    const bool idle = stats.waiting == 0;
    lock.unlock();
    bool ok = true;
    if (taken != nullptr) {
      SendDirect(taken);
    } else {
      ok = Step(idle);
    }
    lock.lock();
    if (ok && idle && taken == nullptr && stats.waiting == 0) Back();
    if (ok) {
      refusal.reset();
      wait = options.retry_min;
      continue;
    }
    work.wait_for(lock, stop, wait, [] { return false; });
    wait = std::min(wait * 2, options.retry_max);
  }
}

Result<std::unique_ptr<Spool>> Spool::Create(SpoolOptions options, std::shared_ptr<SpoolRoom> room, OpenTopic open,
                                             const Clock* clock) {
  TRY_ASSIGN(auto file, SpoolFile::Open(room->path(), SpoolName(options.address)));
  const auto left = file->left_records();
  std::unique_ptr<Spool> spool(
      new Spool(std::make_unique<State>(std::move(options), std::move(room), std::move(open), clock, std::move(file))));
  State& s = *spool->state_;
  s.stats.waiting = static_cast<std::uint64_t>(left);
  s.stats.bytes = left > 0 ? s.file->left_bytes() : 0;
  s.room->Use(s.stats.bytes);
  if (left > 0) {
    s.stats.since = clock->Now();
    spdlog::info("{} records ({}) that an earlier run left in the spool {} go to topic {} first", left,
                 HumanSize(s.stats.bytes), s.room->path(), s.info.name);
  }
  std::unique_lock lock(s.mutex);
  s.thread = std::jthread([&s](std::stop_token stop) {
    s.Work(std::move(stop));
    const std::lock_guard last(s.mutex);
    s.ended = true;
    s.answered.notify_all();
  });
  (void)s.answered.wait_for(lock, s.options.patience, [&s] { return s.opened.has_value(); });
  if (s.opened && (Stays(*s.opened) || s.opened->IsKeyError())) {
    const Status status = *s.opened;
    lock.unlock();
    return status;
  }
  return spool;
}

Result<std::map<std::string, std::int64_t>> WaitingForOthers(const std::string& path,
                                                             const std::vector<std::string>& addresses) {
  TRY_ASSIGN(const auto names, topic::ListLocalTopics(path));
  std::map<std::string, std::int64_t> waiting;
  for (const std::string& name : names) {
    const auto same = [&](const std::string& address) { return SpoolName(address) == name; };
    if (std::any_of(addresses.begin(), addresses.end(), same)) continue;
    TRY_ASSIGN(const auto file, SpoolFile::Open(path, name));
    if (file->left_records() > 0) waiting[name] = file->left_records();
  }
  return waiting;
}

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}

Spool::~Spool() {
  state_->thread.request_stop();
  {
    std::unique_lock lock(state_->mutex);
    if (!state_->answered.wait_for(lock, state_->options.close_grace, [this] { return state_->ended; })) {
      state_->closing = true;
      if (state_->topic != nullptr) state_->topic->Abandon();
    }
  }
  if (state_->thread.joinable()) state_->thread.join();
  const auto waiting = state_->stats.waiting;
  if (waiting > 0) {
    spdlog::warn("{} records for topic {} wait in the spool {}: the next start sends them", waiting, state_->info.name,
                 state_->room->path());
  }
}

const topic::TopicInfo& Spool::info() const { return state_->info; }

SpoolStats Spool::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

Status Spool::Append(std::span<const topic::NewRecord> records) {
  if (records.empty()) return Status::OK();
  State& s = *state_;
  const std::lock_guard turn(s.append_mutex);
  std::shared_ptr<State::Direct> sent;
  bool silent = false;
  {
    std::unique_lock lock(s.mutex);
    if (s.refusal) return *s.refusal;
    if (s.stats.waiting == 0 && s.direct == nullptr) {
      sent = s.direct = std::make_shared<State::Direct>(State::Direct{{records.begin(), records.end()}, {}, 0});
      s.work.notify_all();
      (void)s.answered.wait_for(lock, s.options.patience, [&] { return sent->answer.has_value(); });
      silent = !sent->answer;
      if (!silent && (sent->answer->ok() || Stays(*sent->answer))) return *sent->answer;
    }
  }
  if (silent) s.Away(Status::IOError("it does not answer"));
  return s.Put(records, sent.get());
}

}  // namespace pregao::listen
