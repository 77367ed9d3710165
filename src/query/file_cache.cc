#include "query/file_cache.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "lake/partition_path.h"
#include "lake/store_path.h"

namespace pregao::query {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kPiece = 8 << 20;  // bytes of one ranged read

Status Fault(const std::string& what, const std::string& path, int error) {
  return Status::IOError("cannot ", what, " ", path, ": ", std::strerror(error));
}

/// The path of a data file in the store. NotImplemented when it lies outside its table.
Result<std::string> StorePath(const std::string& root, const lake::DataFile& file) {
  const std::string path = lake::UrlDecodePath(file.path);
  if (path.starts_with('/') || path.find("://") != std::string::npos) {
    return Status::NotImplemented("data file ", file.path,
                                  " lies outside its table (a shallow clone?): copy the table");
  }
  std::string whole = lake::JoinPath(root, path);
  TRY(lake::CheckStorePath(whole));
  return whole;
}

std::string WithoutScheme(const std::string& uri) {
  const auto scheme = uri.find("://");
  return scheme == std::string::npos ? uri : uri.substr(0, scheme) + "/" + uri.substr(scheme + 3);
}

Status MakeParents(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  return error ? Fault("make the folder of", path, error.value()) : Status::OK();
}

/// An open file that is closed in the end, and removed unless it was kept.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0) status_ = Fault("write", path_, errno);
  }
  ~NewFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!kept_) ::unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Status Append(std::string_view bytes) {
    TRY(status_);
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Fault("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Status::OK();
  }
  Status MoveTo(const std::string& target) {
    TRY(status_);
    TRY(MakeParents(target));
    if (::rename(path_.c_str(), target.c_str()) != 0) return Fault("write", target, errno);
    kept_ = true;
    return Status::OK();
  }

 private:
  const std::string path_;
  int fd_ = -1;
  bool kept_ = false;
  Status status_;
};

}  // namespace

FileCache::FileCache(std::shared_ptr<lake::ObjectStore> store, FileCacheOptions options)
    : store_(std::move(store)),
      options_(std::move(options)),
      files_(options_.folder + "/files/" + WithoutScheme(store_->uri())) {}

Result<std::unique_ptr<FileCache>> FileCache::Open(std::shared_ptr<lake::ObjectStore> store, FileCacheOptions options) {
  std::error_code error;
  options.folder = fs::absolute(options.folder, error).lexically_normal().string();
  std::unique_ptr<FileCache> cache(new FileCache(std::move(store), std::move(options)));
  TRY(cache->MakeFolders());
  return cache;
}

Status FileCache::MakeFolders() {
  const std::string open = options_.folder + "/open";
  std::error_code error;
  const bool fresh = !fs::exists(options_.folder, error);
  TRY(MakeParents(open + "/x"));
  if (fresh) fs::permissions(options_.folder, fs::perms::owner_all, error);  // quotes may be licensed
  SweepDeadSessions();
  const std::string session = open + "/" + lake::NewUuid();
  TRY(MakeParents(session + "/x"));
  lock_ = ::open((session + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) return Fault("lock", session, errno);
  session_ = session;
  return Status::OK();
}

FileCache::~FileCache() {
  std::error_code ignored;
  if (!session_.empty()) fs::remove_all(session_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void FileCache::SweepDeadSessions() const {
  std::error_code error;
  const auto limit =
      fs::file_time_type::clock::now() - std::chrono::minutes(1);  // one that is being made has no lock yet
  for (fs::directory_iterator it(options_.folder + "/open", error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->last_write_time(ignored) > limit) continue;
    const int lock = ::open((it->path() / ".lock").c_str(), O_RDWR | O_CLOEXEC);
    if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(it->path(), ignored);
    if (lock >= 0) ::close(lock);
    if (lock < 0) fs::remove_all(it->path(), ignored);
  }
}

Status FileCache::Link(const std::string& path, std::int64_t size, bool* linked) {
  const std::string cached = files_ + "/" + path, target = session_ + "/" + path;
  struct stat info {};
  *linked = false;
  if (::stat(cached.c_str(), &info) != 0 || info.st_size != size) return Status::OK();
  ::utimensat(AT_FDCWD, cached.c_str(), nullptr, 0);  // when it was used; should that fail it only goes sooner
  TRY(MakeParents(target));
  if (::link(cached.c_str(), target.c_str()) != 0 && errno != EEXIST) {
    if (errno == ENOENT) return Status::OK();  // evicted by another process just now
    return Fault("link", target, errno);
  }
  *linked = true;
  if (held_.emplace(path, size).second) held_bytes_ += size;
  return Status::OK();
}

Status FileCache::Provide(const std::string& root, Files files) {
  interrupted_ = false;
  constexpr int kRounds = 3;  // another process may evict what we have just downloaded
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Missing> missing;
    std::int64_t bytes = 0;
    for (const auto& file : files) {
      TRY_ASSIGN(const std::string path, StorePath(root, *file));
      if (held_.contains(path)) continue;
      bool linked = false;
      TRY(Link(path, file->size, &linked));
      if (!linked) missing.push_back({path, file->size});
      if (!linked) bytes += file->size;
    }
    if (missing.empty()) return Status::OK();
    if (held_bytes_ + bytes > options_.max_bytes) {
      return Status::Invalid("the files to read take ", HumanSize(held_bytes_ + bytes), ", and the cache in ",
                             options_.folder, " holds ", HumanSize(options_.max_bytes),
                             ": let it hold more (--cache.max-bytes), or read less (--since)");
    }
    MakeRoom(bytes);
    TRY(DownloadAll(missing));
  }
  return Status::IOError("the files of ", root, " go from the cache in ", options_.folder,
                         " as fast as they come: let it hold more (--cache.max-bytes)");
}

void FileCache::Keep(const std::string& root, Files files) {
  std::set<std::string> wanted;
  for (const auto& file : files) {
    if (const auto path = StorePath(root, *file); path.ok()) wanted.insert(*path);
  }
  std::erase_if(held_, [&](const auto& held) {
    if (!held.first.starts_with(root + "/") || wanted.contains(held.first)) return false;
    ::unlink((session_ + "/" + held.first).c_str());
    held_bytes_ -= held.second;
    return true;
  });
}

Status FileCache::Download(const Missing& file) const {
  NewFile out(session_ + "/.part-" + lake::NewUuid());
  for (std::int64_t at = 0; at < file.size; at += kPiece) {
    if (options_.stop.stop_requested() || interrupted_) return Status::Cancelled("interrupted");
    TRY_ASSIGN(const std::string piece, store_->GetRange(file.path, at, std::min(kPiece, file.size - at)));
    TRY(out.Append(piece));
  }
  return out.MoveTo(files_ + "/" + file.path);
}

Status FileCache::DownloadAll(const std::vector<Missing>& missing) {
  std::int64_t total = 0;
  for (const Missing& file : missing) total += file.size;
  std::mutex mutex;
  std::condition_variable finished;
  std::size_t next = 0, done = 0;  // guarded by mutex, as are the following
  std::int64_t done_bytes = 0;
  Status status;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (next < missing.size() && status.ok()) {
      const Missing& file = missing[next++];
      lock.unlock();
      const Status downloaded = Download(file);
      lock.lock();
      if (status.ok() && !downloaded.ok()) {
        const bool gone = downloaded.IsKeyError();
        status = gone ? Status::Invalid(lake::JoinPath(store_->uri(), file.path),
                                        " is missing, though the log names it: restore it")
                      : downloaded;
      }
      ++done;
      done_bytes += file.size;
      finished.notify_one();
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t wanted = static_cast<std::size_t>(std::max(1, options_.threads));
    for (std::size_t i = 0; i < std::min(wanted, missing.size()); ++i) threads.emplace_back(work);
    std::unique_lock lock(mutex);
    for (std::size_t shown = 0; done < missing.size() && status.ok(); shown = done) {
      finished.wait(lock, [&] { return done > shown || !status.ok(); });
      const std::int64_t bytes = done_bytes;
      lock.unlock();
      if (options_.progress) options_.progress(bytes, total);
      lock.lock();
    }
  }
  if (cached_bytes_ >= 0) cached_bytes_ += total;
  return status;
}

void FileCache::MakeRoom(std::int64_t bytes) {
  if (cached_bytes_ >= 0 && cached_bytes_ + bytes <= options_.max_bytes) return;
  struct Entry {
    fs::file_time_type used;
    std::int64_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  std::error_code error;
  cached_bytes_ = 0;
  const auto all = options_.folder + "/files";
  for (fs::recursive_directory_iterator it(all, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::stat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    cached_bytes_ += info.st_size;
    std::error_code ignored;
    // What a session has linked would take its room all the same.
    if (info.st_nlink == 1) entries.push_back({it->last_write_time(ignored), info.st_size, it->path()});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (cached_bytes_ + bytes <= options_.max_bytes) return;
    if (::unlink(entry.path.c_str()) == 0) cached_bytes_ -= entry.size;
  }
}

}  // namespace pregao::query
