#pragma once
/// The immutable files of a store that is no folder, as files of this machine, for DuckDB to read.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "lake/object_store.h"
#include "lake/table.h"

namespace pregao::query {

struct FileCacheOptions {
  std::string folder;                              ///< of the cache; made when absent. Sessions and processes share it.
  std::int64_t max_bytes = std::int64_t{4} << 30;  ///< kept at most; what was used longest ago goes first
  int threads = 8;                                 ///< downloads at a time
  std::stop_token stop;                            ///< ends a download: Cancelled
  /// Called between files while downloading: bytes done of the bytes to come.
  std::function<void(std::int64_t done, std::int64_t total)> progress = nullptr;
};

/// Data files are never changed once they are named by a table, so a file of the right name and size is the file.
///
/// Under `folder`, files/<store>/<table>/… is the cache, and open/<id>/ has, as hard links, what one session uses: what
/// another process evicts stays readable to the end of the session. Leftovers of dead sessions go at the next Open.
/// For one thread, but for Interrupt.
class FileCache {
 public:
  /// `store` is any store whose uri has a scheme. IOError when the folder cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<FileCache>> Open(std::shared_ptr<lake::ObjectStore> store,
                                                               FileCacheOptions options);
  ~FileCache();
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  using Files = std::span<const std::shared_ptr<const lake::DataFile>>;
  /// Makes `files` of the table at `root` files of folder()/root, downloading what is not in the cache.
  /// Invalid when the session would hold more than max_bytes. Cancelled by Interrupt; whole files stay in the cache.
  [[nodiscard]] Status Provide(const std::string& root, Files files);
  /// Ends what Provide downloads now. From any thread.
  void Interrupt() { interrupted_ = true; }
  /// Lets go of everything of `root` that Provide gave and that is not in `files`.
  void Keep(const std::string& root, Files files);
  /// Where the session's tables lie, without a '/' at the end.
  [[nodiscard]] const std::string& folder() const { return session_; }

 private:
  struct Missing {
    std::string path;  ///< in the store
    std::int64_t size;
  };

  FileCache(std::shared_ptr<lake::ObjectStore> store, FileCacheOptions options);
  [[nodiscard]] Status MakeFolders();
  void SweepDeadSessions() const;
  [[nodiscard]] Status Link(const std::string& path, std::int64_t size, bool* linked);
  [[nodiscard]] Status DownloadAll(const std::vector<Missing>& missing);
  [[nodiscard]] Status Download(const Missing& file) const;
  void MakeRoom(std::int64_t bytes);

  const std::shared_ptr<lake::ObjectStore> store_;
  const FileCacheOptions options_;
  std::atomic<bool> interrupted_ = false;
  const std::string files_;                   ///< the cache of this store
  std::string session_;                       ///< this session's folder
  int lock_ = -1;                             ///< held while the session lives
  std::map<std::string, std::int64_t> held_;  ///< path in the store -> size, of what the session has
  std::int64_t held_bytes_ = 0;
  std::int64_t cached_bytes_ = -1;  ///< about how much the cache has; -1: not looked yet
};

}  // namespace pregao::query
