#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pregao {

/// Appends `text` to `out` as a JSON string, quotes included. `text` must be UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

/// Appends the shortest decimal that reads back as the same double; `null` when it is not finite.
void AppendJsonNumber(double number, std::string* out);

/// Builds one JSON value left to right, commas included. Not thread-safe. Nesting is the caller's to balance:
///   JsonWriter w; w.BeginObject(); w.Key("a"); w.Int(1); w.EndObject(); use(w.str());
class JsonWriter {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view key);
  void String(std::string_view text);
  void Int(std::int64_t number);
  void Double(double number);
  void Bool(bool b);
  void Null();
  /// A value that is JSON already.
  void Raw(std::string_view json);

  [[nodiscard]] const std::string& str() const { return out_; }
  /// The value; then starts anew.
  [[nodiscard]] std::string Take() {
    comma_ = false;
    return std::exchange(out_, {});
  }

 private:
  void Comma();
  void Open(char c);
  void Close(char c);

  std::string out_;
  bool comma_ = false;  // the next value or key needs a comma before it
};

}  // namespace pregao
