/// The Delta log as an attacker would write it. The input is cut at 0x1E (record separator): the pieces are the log
/// entries of a table from version 0, except that a piece that begins with "PAR1" is a checkpoint of the version
/// before, and one that begins with 'H' is `_last_checkpoint`. Opening may fail, but not crash, and what opens says the
/// same again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lake/actions.h"
#include "lake/data_file.h"
#include "lake/log_path.h"
#include "lake/memory_store.h"

namespace {

using namespace pregao;        // NOLINT
using namespace pregao::lake;  // NOLINT

void Require(bool condition) {
  if (!condition) std::abort();
}

/// What we understood of an entry, written and read again, is the same.
void RoundTrip(std::string_view bytes) {
  const auto entry = ParseLogEntry(bytes, "fuzz");
  if (!entry.ok()) return;
  const std::string written = WriteLogEntry(*entry);
  if (written.empty()) return;  // nothing in it that we know
  const auto again = ParseLogEntry(written, "again");
  Require(again.ok());
  Require(WriteLogEntry(*again) == written);
}

void Store(std::string_view piece, std::int64_t* version, ObjectStore* store) {
  if (piece.starts_with("PAR1")) {
    Require(store->Put(CheckpointPath("t", TableVersion(*version > 0 ? *version - 1 : 0)), piece).ok());
  } else if (piece.starts_with('H')) {
    Require(store->Put(LastCheckpointPath("t"), piece.substr(1)).ok());
  } else {
    RoundTrip(piece);
    Require(store->Put(LogEntryPath("t", TableVersion((*version)++)), piece).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto store = std::make_shared<MemoryStore>();
  std::int64_t version = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.starts_with("PAR1") ? rest.size() : std::min(rest.find('\x1e'), rest.size());
    Store(rest.substr(0, end), &version, store.get());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const SystemClock clock;
  const auto table = Table::Open(store, "t", &clock);
  if (!table.ok()) return 0;
  const auto snapshot = (*table)->snapshot();
  for (const auto& file : snapshot->files) {
    (void)StatBounds(*file, "c");
    (void)ReadDataFile(store.get(), "t", *file, *snapshot->schema, snapshot->schema->field_names()).ok();
  }
  // A table that opens can be checkpointed unless we may not write it, and the checkpoint holds the same.
  if (!(*table)->Checkpoint().ok()) return 0;
  const auto again = Table::Open(store, "t", &clock);
  Require(again.ok());
  Require((*again)->snapshot()->files.size() == snapshot->files.size());
  Require((*again)->snapshot()->positions == snapshot->positions);
  Require((*again)->snapshot()->schema->Equals(*snapshot->schema));
  return 0;
}
