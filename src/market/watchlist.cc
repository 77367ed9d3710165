#include "market/watchlist.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <unordered_map>

#include "base/text.h"

namespace pregao::market {
namespace {

constexpr std::size_t kMaxTicker = 32;  // Yahoo's longest, of options, have 21 characters
constexpr std::size_t kQuotedInErrors = 40;
constexpr double kMost = 1e15;  // of a quantity or a price: beyond it a double has no cents

/// A value as an error shows it: bounded, and with nothing that could upset a terminal.
std::string Quoted(std::string_view value) {
  return "\"" + Printable(value.substr(0, kQuotedInErrors)) + (value.size() > kQuotedInErrors ? "…\"" : "\"");
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlank = " \t\r\v\f";
  std::size_t begin = line.find_first_not_of(kBlank);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlank, end);
  }
  return words;
}

bool IsTickerChar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(".-^=_&+").find(c) != std::string_view::npos;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

Result<std::string> ParseTicker(std::string_view word) {
  std::string ticker = Upper(word);
  if (ticker.size() > kMaxTicker) {
    return Status::Invalid("ticker ", Quoted(word), " has ", ticker.size(), " characters: Yahoo's have at most ",
                           kMaxTicker);
  }
  for (const char c : ticker) {
    if (!IsTickerChar(c)) {
      return Status::Invalid(
          "ticker ", Quoted(word),
          " has a character that no ticker has: use letters, digits and . - ^ = _ & + as in PETR4.SA",
          c == ',' || c == ';' ? ", one ticker a line" : "");
    }
  }
  if (ticker.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string::npos) {
    return Status::Invalid("ticker ", Quoted(word),
                           " has neither letter nor digit: write it as Yahoo does, like PETR4.SA");
  }
  return ticker;
}

/// A decimal with a point or a comma. "1.234,56" is refused: whether the point separates thousands is a guess.
Result<double> ParseNumber(std::string_view field, std::string_view word) {
  std::string text(word);
  const auto separators = std::count_if(text.begin(), text.end(), [](char c) { return c == '.' || c == ','; });
  if (separators > 1) {
    return Status::Invalid(field, " ", Quoted(word),
                           " has two separators: write it without separating thousands, like 1234.56 or 1234,56");
  }
  std::replace(text.begin(), text.end(), ',', '.');
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return Status::Invalid(field, " ", Quoted(word), " is not a number: write it like 100 or 32.10");
  }
  if (std::abs(value) > kMost) {
    return Status::Invalid(field, " ", Quoted(word), " is beyond 1,000,000,000,000,000: correct it, or leave it out");
  }
  return value;
}

Result<WatchlistEntry> ParseLine(const std::vector<std::string_view>& words) {
  WatchlistEntry entry;
  TRY_ASSIGN(entry.ticker, ParseTicker(words[0]));
  if (words.size() > 3) {
    return Status::Invalid(Quoted(words[3]),
                           " is one word too many: a line is TICKER [quantity [average price]] [# comment]");
  }
  if (words.size() > 1) {
    TRY_ASSIGN(entry.quantity, ParseNumber("quantity", words[1]));
    if (*entry.quantity < 0)
      return Status::Invalid("quantity ", Quoted(words[1]), " is negative: give what you hold, or leave it out");
  }
  if (words.size() > 2) {
    TRY_ASSIGN(entry.average_price, ParseNumber("average price", words[2]));
    if (*entry.average_price <= 0)
      return Status::Invalid("average price ", Quoted(words[2]),
                             " is not above zero: give what you paid a share, or leave it out");
  }
  return entry;
}

}  // namespace

Watchlist ParseWatchlist(std::string_view text) {
  Watchlist list;
  std::unordered_map<std::string, std::size_t> first_line;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    content = content.substr(0, content.find('#'));
    const auto words = Words(content);
    if (words.empty()) continue;
    auto entry = ParseLine(words);
    if (!entry.ok()) {
      list.problems.push_back({line, true, entry.status().message()});
      continue;
    }
    const auto [first, fresh] = first_line.try_emplace(entry->ticker, line);
    if (!fresh) {
      list.problems.push_back({line, false,
                               "ticker \"" + entry->ticker + "\" stands in line " + std::to_string(first->second) +
                                   " already, which counts: remove one"});
    } else if (list.entries.size() == kMaxWatchlistEntries) {
      list.problems.push_back(
          {line, true,
           "more than " + std::to_string(kMaxWatchlistEntries) +
               " tickers: this line and what follows are left out; split the list over several listeners"});
      break;
    } else {
      list.entries.push_back(*std::move(entry));
    }
  }
  return list;
}

std::string Describe(const std::filesystem::path& file, const WatchlistProblem& problem) {
  return file.string() + ":" + std::to_string(problem.line) + ": " + problem.text;
}

Result<std::string> ReadWatchlistFile(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return Status::KeyError("watchlist ", file.string(),
                            " does not exist: create it with one ticker a line, like PETR4.SA");
  }
  if (!std::filesystem::is_regular_file(file, error)) {
    return Status::Invalid("watchlist ", file.string(), " is not a file: name a text file with one ticker a line");
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return Status::IOError("watchlist ", file.string(), " cannot be read: ", std::strerror(errno));
  std::string text(kMaxWatchlistBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return Status::IOError("watchlist ", file.string(), " cannot be read: ", std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxWatchlistBytes) {
    return Status::Invalid("watchlist ", file.string(), " is larger than ", kMaxWatchlistBytes,
                           " bytes: is it the right file?");
  }
  return text;
}

}  // namespace pregao::market
