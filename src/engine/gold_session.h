#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/bar_book.h"
#include "engine/gold.h"

namespace pregao::engine {

/// From the opening of the tables to the first fencing or error. Not thread-safe.
class GoldSession {
 public:
  /// @param silver  the table; `clock` and `options` must outlive the session
  /// @return Invalid when gold/bars was built from another Silver, unless options.rebuild
  [[nodiscard]] static Result<std::unique_ptr<GoldSession>> Open(std::shared_ptr<lake::Table> silver,
                                                                 const Clock* clock, const GoldOptions& options);

  /// What a step did, to be added to the statistics.
  struct Step {
    bool fenced = false;  ///< another writer was first: nothing was written, and the session is over
    bool rebuilt = false;
    std::int64_t ticks = 0, bars = 0, revisions = 0, falls = 0, commits = 0, bytes = 0;
  };
  /// Looks at the next versions of Silver, as many as are due at once; nothing is done when there are none. Cancelled
  /// when stopped, and then nothing was committed.
  [[nodiscard]] Result<Step> Next(std::stop_token stop);
  /// Reads Silver's newest version. @return how many versions Next has not looked at.
  [[nodiscard]] Result<std::int64_t> Behind();
  [[nodiscard]] std::int64_t next_version() const { return next_; }

 private:
  GoldSession(std::shared_ptr<lake::Table> silver, std::shared_ptr<lake::Table> bars, const Clock* clock,
              const GoldOptions& options);
  struct Chunk {
    std::vector<std::shared_ptr<const lake::DataFile>> files;
    std::int64_t next = 0, rows = 0;
  };
  [[nodiscard]] Result<Chunk> NextChunk() const;
  [[nodiscard]] Result<Ticks> Read(const SilverTicks& silver, const Chunk& chunk, std::stop_token stop) const;
  [[nodiscard]] Result<Step> Rebuild(std::stop_token stop);
  [[nodiscard]] Status WriteFiles(std::vector<market::Bar> bars, lake::Transaction* txn, Step* step) const;
  [[nodiscard]] Result<Step> Commit(lake::Transaction txn, std::int64_t next, Step step);

  const std::shared_ptr<lake::Table> silver_, bars_;
  const Clock* const clock_;  // not owned
  const GoldOptions& options_;
  const std::string app_id_;
  std::optional<std::int64_t> position_;  ///< as gold/bars has it
  std::int64_t next_ = 0;                 ///< version of Silver
  bool rebuild_ = false;
  std::int64_t falls_ = 0;  ///< of book_, as last told
  BarBook book_;
};

}  // namespace pregao::engine
