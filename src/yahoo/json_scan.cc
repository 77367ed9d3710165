#include "yahoo/json_scan.h"

#include <cstdint>

#include "yahoo/utf8.h"

namespace pregao::yahoo {

Status JsonScanner::Error(std::string_view what) const { return Status::Invalid("not JSON at byte ", at_, ": ", what); }

void JsonScanner::Space() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
}

bool JsonScanner::Take(char c) {
  Space();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

Status JsonScanner::Expect(char c) { return Take(c) ? Status::OK() : Error(std::string("expected '") + c + "'"); }

bool JsonScanner::AtString() {
  Space();
  return at_ < text_.size() && text_[at_] == '"';
}

Status JsonScanner::End() {
  Space();
  return at_ == text_.size() ? Status::OK() : Error("text after the value");
}

Result<std::uint32_t> JsonScanner::Hex4() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const auto digit =
        at_ < text_.size() ? std::string_view("0123456789abcdefABCDEF").find(text_[at_]) : std::string_view::npos;
    if (digit == std::string_view::npos) return Error("\\u needs four hexadecimal digits");
    value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
  }
  return value;
}

Status JsonScanner::Escape(std::string* out) {
  if (at_ == text_.size()) return Error("the string does not end");
  const char c = text_[at_++];
  constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  if (const auto i = kFrom.find(c); i != std::string_view::npos) {
    out->push_back(kTo[i]);
    return Status::OK();
  }
  if (c != 'u') return Error("unknown escape");
  TRY_ASSIGN(std::uint32_t code, Hex4());
  if (code >= 0xD800 && code < 0xDC00) {  // the first half of a surrogate pair
    if (!text_.substr(at_).starts_with("\\u")) return Error("half a surrogate pair");
    at_ += 2;
    TRY_ASSIGN(const std::uint32_t low, Hex4());
    if (low < 0xDC00 || low > 0xDFFF) return Error("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    return Error("half a surrogate pair");
  }
  AppendUtf8(code, out);
  return Status::OK();
}

Result<std::string> JsonScanner::String() {
  TRY(Expect('"'));
  std::string out;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') {
      if (!IsUtf8(out)) return Error("the string is not UTF-8");
      return out;
    }
    if (static_cast<unsigned char>(c) < 0x20) return Error("a control character in a string");
    if (c == '\\') {
      TRY(Escape(&out));
    } else {
      out.push_back(c);
    }
  }
  return Error("the string does not end");
}

Status JsonScanner::SkipScalar() {
  Space();
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_).starts_with(word)) {
      at_ += word.size();
      return Status::OK();
    }
  }
  const auto digits = [this] {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - begin;
  };
  const auto one_of = [this](std::string_view set) {
    if (at_ == text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  };
  (void)one_of("-");
  if (one_of("0") ? false : digits() == 0) return Error("expected a value");
  if (one_of(".") && digits() == 0) return Error("a number without digits after its point");
  if (one_of("eE")) {
    (void)one_of("+-");
    if (digits() == 0) return Error("a number without digits in its exponent");
  }
  return Status::OK();
}

Status JsonScanner::Skip(int depth) {
  if (depth == kMaxDepth) return Error("nested too deep");
  if (AtString()) return String().status();
  if (Take('[')) {
    if (Take(']')) return Status::OK();
    do {
      TRY(Skip(depth + 1));
    } while (Take(','));
    return Expect(']');
  }
  if (Take('{')) {
    if (Take('}')) return Status::OK();
    do {
      TRY(String());
      TRY(Expect(':'));
      TRY(Skip(depth + 1));
    } while (Take(','));
    return Expect('}');
  }
  return SkipScalar();
}

}  // namespace pregao::yahoo
