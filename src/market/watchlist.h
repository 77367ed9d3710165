#pragma once
/// The watchlist file, carteira.txt:
///
///   # a comment, to the end of the line
///   PETR4.SA
///   VALE3.SA  100  61.20     # quantity and average price, if you hold it
///   BTC-USD   0,05 350000,5  # a decimal comma is understood; thousands are not separated
///
/// One ticker a line, in any case (it is kept in capitals). BOM, CRLF and blank lines are let through.
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pregao::market {

inline constexpr std::size_t kMaxWatchlistEntries = 10'000;
inline constexpr std::size_t kMaxWatchlistBytes = 1 << 20;

struct WatchlistEntry {
  std::string ticker;
  std::optional<double> quantity;       ///< >= 0
  std::optional<double> average_price;  ///< > 0, in the ticker's currency
  friend bool operator==(const WatchlistEntry&, const WatchlistEntry&) = default;
};

/// A line that was not used as it stands.
struct WatchlistProblem {
  std::size_t line;  ///< from 1
  bool error;        ///< false: a warning (a double; the first one counts)
  std::string text;  ///< what is wrong, the value and the remedy
  friend bool operator==(const WatchlistProblem&, const WatchlistProblem&) = default;
};

struct Watchlist {
  std::vector<WatchlistEntry> entries;  ///< in the order of the file, each ticker once
  std::vector<WatchlistProblem> problems;
  friend bool operator==(const Watchlist&, const Watchlist&) = default;
};

/// Reads the text; a bad line is a problem and the others are used. Pure.
[[nodiscard]] Watchlist ParseWatchlist(std::string_view text);

/// "carteira.txt:3: …" for a person to read; how bad it is says whoever shows it.
[[nodiscard]] std::string Describe(const std::filesystem::path& file, const WatchlistProblem& problem);

/// The file's text. KeyError: there is none; Invalid: larger than kMaxWatchlistBytes; IOError: it cannot be read.
[[nodiscard]] Result<std::string> ReadWatchlistFile(const std::filesystem::path& file);

}  // namespace pregao::market
