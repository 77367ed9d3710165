#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "medallion/row_key.h"

namespace pregao::medallion {

/// What the memory knows of a row.
enum class Seen {
  kNew,        ///< certainly not there
  kDuplicate,  ///< certainly there, or on its way
  kUnknown,    ///< older than what the memory covers: ask the table
};

/// Looks rows up in Silver itself. The seam between the medallion and the table it fills.
class KeyLookup {
 public:
  virtual ~KeyLookup() = default;
  /// All rows of the table's newest version that share ticker and event_time with one of `wanted`.
  [[nodiscard]] virtual Result<std::vector<KeyedRow>> Find(const std::vector<KeyedRow>& wanted) = 0;
};

/// Recent identities by ticker: a window of rows in the order of event_time for each. Exact: what the window does not
/// cover is kUnknown, never kNew. Rows of batches that are not committed stay until they are. Not thread-safe.
///
/// Memory: 24 bytes a key, up to 2.5 times that where a window has just grown; at most `max_keys` keys beyond those not
/// yet committed, and at least kMinWindow a ticker; at most about kMaxTickers windows: past it all are dropped and rows
/// without a window are looked up, newest ones included.
class DedupeMemory {
 public:
  static constexpr std::size_t kMinWindow = 16;
  static constexpr std::size_t kMaxTickers = 200'000;

  /// @param covered_from  the memory will be told every row of the table from this event time on (microseconds); rows
  ///                      before it, of any ticker, are kUnknown. Everything is covered where the table is empty.
  explicit DedupeMemory(std::size_t max_keys, std::int64_t covered_from = std::numeric_limits<std::int64_t>::min());

  /// A ticker's window. The reference lives until the next call of Ticker.
  struct Window;
  [[nodiscard]] Window& Ticker(std::string_view ticker);

  [[nodiscard]] static Seen Probe(const Window& window, std::int64_t event_time_us, const RowKey& key);
  /// Adds a row of batch `batch` (0: it is in the table already). A row that is there is not added again.
  void Insert(Window* window, std::int64_t event_time_us, const RowKey& key, std::uint32_t batch);
  /// Batches up to this one are committed: their rows may leave the window.
  void Confirm(std::uint32_t batch) { confirmed_ = std::max(confirmed_, batch); }

  [[nodiscard]] std::size_t keys() const { return keys_; }
  [[nodiscard]] std::size_t tickers() const { return windows_.size(); }

  /// 96 bits of a key are enough to tell rows of one ticker and time apart.
  struct Entry {
    std::int64_t time;
    std::uint64_t low;
    std::uint32_t high;
    std::uint32_t batch;

    [[nodiscard]] bool Is(const RowKey& key) const {
      return low == key.low && high == static_cast<std::uint32_t>(key.high);
    }
  };
  struct Window {
    std::vector<Entry> entries;  ///< by time
    std::int64_t covered_from;
    std::int32_t number;  ///< of the windows that were there before it
  };

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };

  void Evict(Window* window, std::size_t capacity);
  void ForgetTickers();

  const std::size_t max_keys_;
  std::int64_t covered_from_;  // of tickers without a window
  std::unordered_map<std::string, std::unique_ptr<Window>, TextHash, std::equal_to<>> windows_;
  std::size_t keys_ = 0;
  std::uint32_t confirmed_ = 0;
};

}  // namespace pregao::medallion
