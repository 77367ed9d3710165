#include "market/watchlist_edit.h"

#include "market/watchlist.h"

namespace pregao::market {
namespace {

/// The one ticker that a line names; Invalid when it names none.
Result<std::string> TickerOf(std::string_view line) {
  const Watchlist list = ParseWatchlist(line);
  if (list.entries.size() == 1 && list.problems.empty()) return list.entries.front().ticker;
  return Status::Invalid(list.problems.empty() ? "no ticker is given" : list.problems.front().text);
}

Result<std::string> AskedTicker(std::string_view ticker) {
  if (ticker.find_first_of(" \t\r\n#") != std::string_view::npos) {
    return Status::Invalid("a ticker has no blanks, line ends or '#' in it");
  }
  return TickerOf(ticker);
}

}  // namespace

Result<std::string> AddTicker(std::string_view text, std::string_view ticker) {
  TRY_ASSIGN(const std::string wanted, AskedTicker(ticker));
  const Watchlist list = ParseWatchlist(text);
  for (const auto& entry : list.entries) {
    if (entry.ticker == wanted) return std::string(text);
  }
  if (list.entries.size() >= kMaxWatchlistEntries) {
    return Status::Invalid("the watchlist has ", kMaxWatchlistEntries, " tickers, the most: remove one");
  }
  const std::string end = text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
  std::string out(text);
  if (!out.empty() && out.back() != '\n') out += end;
  return out + wanted + end;
}

Result<std::string> RemoveTicker(std::string_view text, std::string_view ticker) {
  TRY_ASSIGN(const std::string wanted, AskedTicker(ticker));
  std::string out;
  bool found = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1 == 0 ? text.size() : text.find('\n') + 1);
    text.remove_prefix(line.size());
    const auto named = TickerOf(line);
    if (named.ok() && *named == wanted) {
      found = true;
    } else {
      out += line;
    }
  }
  if (!found) return Status::KeyError(wanted, " is not in the watchlist");
  return out;
}

}  // namespace pregao::market
