#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"

namespace pregao::cli {

/// Lines from a terminal with editing (libedit) and a history kept in a file. One at a time. Not thread-safe but for
/// Interrupt.
class LineEditor {
 public:
  /// @param history  the file; empty keeps none
  [[nodiscard]] static Result<std::unique_ptr<LineEditor>> Open(std::filesystem::path history);
  /// Gives the terminal back and saves the history.
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  struct Line {
    std::string text;          ///< with its newline
    bool interrupted = false;  ///< Interrupt ended it: the text is void
  };
  /// The next line; nullopt at the end of the input.
  [[nodiscard]] std::optional<Line> Read(const char* prompt);
  /// Adds to the history, as one line.
  void Remember(std::string statement);
  /// Ends the present Read, or else the next, from any thread.
  void Interrupt();

 private:
  struct State;
  explicit LineEditor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregao::cli
