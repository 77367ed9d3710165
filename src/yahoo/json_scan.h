#pragma once
/// A strict, bounded reader of the small JSON texts on Yahoo's wire: envelopes and subscriptions.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::yahoo {

/// Reads left to right. Errors are Invalid and name the byte. Borrows the text.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  /// Skips white space and takes `c` if it comes next.
  [[nodiscard]] bool Take(char c);
  /// The same, where nothing else is right.
  [[nodiscard]] Status Expect(char c);
  /// Whether a string comes next.
  [[nodiscard]] bool AtString();
  /// A string, its escapes undone.
  [[nodiscard]] Result<std::string> String();
  /// Passes over any one value, at most kMaxDepth deep.
  [[nodiscard]] Status Skip() { return Skip(0); }
  /// Nothing but white space may be left.
  [[nodiscard]] Status End();

 private:
  static constexpr int kMaxDepth = 32;
  void Space();
  [[nodiscard]] Status Skip(int depth);
  [[nodiscard]] Status SkipScalar();
  [[nodiscard]] Result<std::uint32_t> Hex4();
  [[nodiscard]] Status Escape(std::string* out);
  [[nodiscard]] Status Error(std::string_view what) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace pregao::yahoo
