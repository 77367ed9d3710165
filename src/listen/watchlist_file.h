#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "market/watchlist.h"

namespace pregao::listen {

/// Watches the watchlist's file. Used by one thread.
class WatchlistFile {
 public:
  /// Reads the file. As ReadWatchlistFile; Invalid too when no line names a ticker, with every problem.
  [[nodiscard]] static Result<WatchlistFile> Open(std::filesystem::path file);

  /// What a look at the file has found.
  struct Look {
    bool changed = false;                ///< list() is a new one
    std::optional<std::string> warning;  ///< why the last good list stays in force; given once
  };
  /// A new text counts once it has been read twice alike, so that a half-written file is not taken for a short list.
  [[nodiscard]] Look Poll();

  [[nodiscard]] const market::Watchlist& list() const { return list_; }
  [[nodiscard]] std::vector<std::string> Tickers() const;
  /// The problems of the newest text, a line each, whether it is in force or not.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  explicit WatchlistFile(std::filesystem::path file) : file_(std::move(file)) {}
  [[nodiscard]] Status Take(const std::string& text);

  std::filesystem::path file_;
  market::Watchlist list_;
  std::vector<std::string> problems_;
  std::string judged_;     // the newest text, or the error of reading it, on which a verdict was given
  std::string candidate_;  // the same, read once
};

}  // namespace pregao::listen
