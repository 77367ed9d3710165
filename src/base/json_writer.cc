#include "base/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace pregao {

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (const auto u = static_cast<unsigned char>(c); u < 0x20) {
          *out += "\\u00";
          out->push_back(kHex[u >> 4]);
          out->push_back(kHex[u & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

void AppendJsonNumber(double number, std::string* out) {
  if (!std::isfinite(number)) {
    *out += "null";
    return;
  }
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out->append(buffer.data(), end);
}

void JsonWriter::Comma() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}
void JsonWriter::Open(char c) {
  Comma();
  out_.push_back(c);
  comma_ = false;
}
void JsonWriter::Close(char c) {
  out_.push_back(c);
  comma_ = true;
}
void JsonWriter::Key(std::string_view key) {
  Comma();
  AppendJsonString(key, &out_);
  out_.push_back(':');
  comma_ = false;
}
void JsonWriter::String(std::string_view text) {
  Comma();
  AppendJsonString(text, &out_);
}
void JsonWriter::Int(std::int64_t number) {
  Comma();
  out_ += std::to_string(number);
}
void JsonWriter::Double(double number) {
  Comma();
  AppendJsonNumber(number, &out_);
}
void JsonWriter::Bool(bool b) { Raw(b ? "true" : "false"); }
void JsonWriter::Null() { Raw("null"); }
void JsonWriter::Raw(std::string_view json) {
  Comma();
  out_ += json;
}

}  // namespace pregao
