#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "market/quote.h"
#include "medallion/record.h"
#include "medallion/reject.h"
#include "medallion/row_key.h"

namespace pregao::medallion {

/// One normalised quote. Texts borrow from the Judge and the record, until the next Decide.
struct SilverRow {
  union Cell {
    double number;
    std::int64_t integer;  ///< event_time: microseconds
    std::string_view text{};
  };
  std::uint64_t present = 0;  ///< bit i: field i has a value
  std::array<Cell, market::kFieldCount> cells;
  std::optional<std::int64_t> received_at_us;
  std::optional<std::string_view> source;

  [[nodiscard]] bool Has(market::Field f) const { return ((present >> f) & 1) != 0; }
  [[nodiscard]] std::string_view ticker() const { return cells[market::kTicker].text; }
  [[nodiscard]] std::int64_t event_time_us() const { return cells[market::kEventTime].integer; }
};

/// Decodes and validates topic messages. The verdict depends on the record alone: no clock, no settings, no history.
///
/// The grammar: the value is one JSON object (RFC 8259, UTF-8, no byte order mark); no key of the object occurs twice;
/// unknown keys are let through (numbers nested under them must fit 64 bits). `null` is absent. Numbers of integer
/// fields have no fraction and no exponent. Not thread-safe; holds its parser's buffers.
class Judge {
 public:
  Judge();
  ~Judge();
  Judge(Judge&&) noexcept;
  Judge& operator=(Judge&&) noexcept;

  /// @return nullopt and `*row` filled, or the first rule broken in the order of Reject.
  [[nodiscard]] std::optional<Rejection> Decide(const Record& record, SilverRow* row);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The identity of a row.
[[nodiscard]] RowKey KeyOf(const SilverRow& row, RowHasher* hasher);

}  // namespace pregao::medallion
