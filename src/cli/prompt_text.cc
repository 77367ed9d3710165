#include "cli/prompt.h"

namespace pregao::cli {

bool IsComplete(std::string_view sql) {
  bool complete = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    const char next = i + 1 < sql.size() ? sql[i + 1] : '\0';
    std::size_t end = i;  // the last character of what begins here
    if (c == '\'' || c == '"') {
      end = sql.find(c, i + 1);  // a doubled quote closes and opens again, which is the same
    } else if (c == '-' && next == '-') {
      end = sql.find('\n', i);
      if (end == std::string_view::npos) return complete;
      i = end;
      continue;
    } else if (c == '/' && next == '*') {
      end = sql.find("*/", i + 2);
      if (end == std::string_view::npos) return false;
      i = end + 1;
      continue;
    } else if (c == '$') {  // $$ … $$ and $tag$ … $tag$
      const std::size_t tag_end = sql.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", i + 1);
      if (tag_end != std::string_view::npos && sql[tag_end] == '$') {
        const std::string_view tag = sql.substr(i, tag_end - i + 1);
        const std::size_t close = sql.find(tag, tag_end + 1);
        if (close == std::string_view::npos) return false;
        end = close + tag.size() - 1;
      }
    }
    if (end == std::string_view::npos) return false;
    if (c == ';') {
      complete = true;
    } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      complete = false;
    }
    i = end;
  }
  return complete;
}

}  // namespace pregao::cli
