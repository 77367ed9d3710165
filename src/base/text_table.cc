#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/text.h"

namespace pregao {
namespace {

struct CodePoint {
  char32_t value = 0xFFFD;
  std::size_t size = 1;  // bytes taken; a broken sequence takes one
  bool valid = false;
};

CodePoint Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 && first < 0xF5   ? 4
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xC2                 ? 2
                                                           : 0;
  if (size == 0 || first >= 0xF5 || text.size() < size) return {};
  char32_t value = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[size] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, size, true};
}

struct Range {
  char32_t first, last;
};
// The blocks that terminals draw with no column or two (Unicode 15's Mn/Me/Cf and East Asian W/F, by block).
constexpr std::array<Range, 10> kNone{{{0x0300, 0x036F},
                                       {0x0483, 0x0489},
                                       {0x0591, 0x05BD},
                                       {0x064B, 0x065F},
                                       {0x1AB0, 0x1AFF},
                                       {0x1DC0, 0x1DFF},
                                       {0x200B, 0x200F},
                                       {0x20D0, 0x20FF},
                                       {0xFE00, 0xFE0F},
                                       {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 10> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0x1F300, 0x1FAFF}}};

template <std::size_t N>
bool In(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

std::string Line(const std::vector<TextTable::Column>& columns, const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t used = DisplayWidth(cells[i]);
    const std::string padding(columns[i].width > used ? columns[i].width - used : 0, ' ');
    if (i > 0) out += "  ";
    out += columns[i].right ? padding + cells[i] : cells[i] + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + '\n';
}

}  // namespace

std::size_t DisplayWidth(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const CodePoint c = Decode(utf8);
    utf8.remove_prefix(c.size);
    width += In(kNone, c.value) ? 0 : In(kWide, c.value) ? 2 : 1;
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    if (!c.valid) {
      out += "\xEF\xBF\xBD";
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c.value));
    } else {
      out += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    if (!c.valid) return false;
    text.remove_prefix(c.size);
  }
  return true;
}

void TextTable::Fit() {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].width = std::max(columns[i].width, DisplayWidth(columns[i].name));
    for (const auto& row : rows) columns[i].width = std::max(columns[i].width, DisplayWidth(row[i]));
  }
}

std::string TextTable::Header() const {
  std::vector<std::string> names, rule;
  for (const Column& column : columns) {
    names.push_back(column.name);
    std::string& dashes = rule.emplace_back();
    for (std::size_t i = 0; i < column.width; ++i) dashes += "─";
  }
  return Line(columns, names) + Line(columns, rule);
}

std::string TextTable::Body() const {
  std::string out;
  for (const auto& row : rows) out += Line(columns, row);
  return out;
}

std::string TextTable::ToString() {
  Fit();
  return Header() + Body();
}

}  // namespace pregao
