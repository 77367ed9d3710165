#include "listen/watchlist_file.h"

namespace pregao::listen {

Result<WatchlistFile> WatchlistFile::Open(std::filesystem::path file) {
  WatchlistFile out(std::move(file));
  TRY_ASSIGN(const std::string text, market::ReadWatchlistFile(out.file_));
  TRY(out.Take(text));
  out.judged_ = out.candidate_ = "text " + text;
  return out;
}

Status WatchlistFile::Take(const std::string& text) {
  market::Watchlist list = market::ParseWatchlist(text);
  problems_.clear();
  for (const auto& problem : list.problems) problems_.push_back(market::Describe(file_, problem));
  if (list.entries.empty()) {
    std::string why = "watchlist " + file_.string() + " names no ticker: write one a line, like PETR4.SA";
    for (const std::string& problem : problems_) why += "\n" + problem;
    return Status::Invalid(why);
  }
  list_ = std::move(list);
  return Status::OK();
}

WatchlistFile::Look WatchlistFile::Poll() {
  const auto text = market::ReadWatchlistFile(file_);
  // The prefix keeps an error apart from a file that holds its words.
  const std::string found = text.ok() ? "text " + *text : "error " + text.status().message();
  const bool settled = found == candidate_;
  candidate_ = found;
  if (!settled || found == judged_) return {};
  judged_ = found;
  const Status taken = text.ok() ? Take(*text) : text.status();
  if (taken.ok()) return {true, std::nullopt};
  return {false, taken.message() + "; the last good list stays in force"};
}

std::vector<std::string> WatchlistFile::Tickers() const {
  std::vector<std::string> out;
  for (const auto& entry : list_.entries) out.push_back(entry.ticker);
  return out;
}

}  // namespace pregao::listen
