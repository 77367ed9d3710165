#pragma once
/// One optimistic commit, from the first attempt to the outcome. Internal to lake.
#include <memory>
#include <string>

#include "base/clock.h"
#include "lake/delta_log.h"
#include "lake/table.h"

namespace pregao::lake {

/// Used once, by one thread. What it points to must outlive it.
class Committer {
 public:
  Committer(DeltaLog* log, const Clock* clock, const TableOptions* options, std::shared_ptr<const Snapshot> base,
            Transaction txn, const Rebase* rebase);

  /// As Table::Commit.
  [[nodiscard]] Result<CommitResult> Run();

 private:
  /// Looks at what others have committed since head_. A result ends the commit; nullopt: try on the new head_.
  Result<std::optional<CommitResult>> CatchUp();
  /// What holds however often we try: the table accepts what we do, and every file of ours fits it.
  Status CheckTransaction() const;
  Status CheckRemoves() const;
  /// Vacuum may delete files that nobody named for a day: what waited too long is not committed.
  Status CheckFresh() const;
  Status CheckSameTable(const Snapshot& newer) const;
  [[nodiscard]] bool PositionsHold(const Snapshot& snapshot) const;
  [[nodiscard]] LogEntry MakeEntry() const;
  /// The answer after so many attempts: `last` is what the last of them said.
  Result<CommitResult> GiveUp(const Status& last, int attempts);

  DeltaLog* const log_;
  const Clock* const clock_;
  const TableOptions* const options_;
  const std::shared_ptr<const Snapshot> base_;
  std::shared_ptr<const Snapshot> head_;  ///< what the transaction has been judged against
  Transaction txn_;
  const Rebase* const rebase_;
  const std::string id_;  ///< in commitInfo: how we know our own commit again
};

/// Waits before attempt `attempt` (from 1): `first` doubled each time up to 1 s, half of it at random.
void BackOff(std::chrono::milliseconds first, int attempt);

}  // namespace pregao::lake
