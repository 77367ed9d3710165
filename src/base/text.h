#pragma once
/// Text for people: durations, sizes, numbers, tables, near misses, colour.
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pregao {

/// Reads "500ms", "1s", "15m", "2h", "7d": a whole or decimal number and a unit, not negative, whole milliseconds.
[[nodiscard]] Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
/// Writes the largest unit that holds it as a whole number; ParseDuration reads it back as the same.
[[nodiscard]] std::string FormatDuration(std::chrono::milliseconds duration);

/// Reads bytes: "4096", "64KiB", "1MiB", "2GiB", "1TiB", and the decimal "10kB", "1MB", "1GB", "1TB".
[[nodiscard]] Result<std::int64_t> ParseSize(std::string_view text);
/// Writes the largest binary unit that holds it as a whole number; ParseSize reads it back as the same.
[[nodiscard]] std::string FormatSize(std::int64_t bytes);
/// About this many bytes, for reading only: "1.5 GiB".
[[nodiscard]] std::string HumanSize(std::int64_t bytes);
/// 1234567 as "1,234,567".
[[nodiscard]] std::string HumanCount(std::int64_t count);

/// Single-character edits (insert, delete, replace, swap of neighbours) that turn one word into the other, case
/// ignored.
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);
/// The candidate that `word` most likely meant; nullopt when none is near (more than a third of it differs).
[[nodiscard]] std::optional<std::string> NearestName(std::string_view word, std::span<const std::string> candidates);

/// Columns that the text takes on a terminal: wide East Asian characters count two, combining marks none.
[[nodiscard]] std::size_t DisplayWidth(std::string_view utf8);
/// The text as one line that a terminal can show: control characters as \n, \t, \x1b; broken UTF-8 as U+FFFD.
[[nodiscard]] std::string Printable(std::string_view text);

/// Whether the bytes are well-formed UTF-8.
[[nodiscard]] bool IsUtf8(std::string_view text);

/// A table for a terminal: header, rule, rows; two spaces between columns. Lines end in a newline, without spaces
/// before it.
struct TextTable {
  struct Column {
    std::string name;
    bool right = false;     ///< numbers stand right-aligned
    std::size_t width = 0;  ///< at least; grown by Fit
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< as many cells as columns, each one line

  /// Makes the columns as wide as their names and the rows need.
  void Fit();
  /// Names and rule, and the rows, in the columns' present widths.
  [[nodiscard]] std::string Header() const;
  [[nodiscard]] std::string Body() const;
  /// Fits, then the whole.
  [[nodiscard]] std::string ToString();
};

/// The text with what stands between "://" and "@" in an address, a user name and a password, left out.
[[nodiscard]] std::string WithoutUserInfo(std::string_view text);

enum class Colour { kRed, kGreen, kYellow, kDim, kBold };
/// The text in a colour, by ANSI codes; as it is when not `enabled`.
[[nodiscard]] std::string Paint(std::string_view text, Colour colour, bool enabled);

}  // namespace pregao
