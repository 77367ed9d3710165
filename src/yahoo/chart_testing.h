#pragma once
/// For tests of the chart API: Yahoo's real answers, and answers made up.
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pregao::yahoo::testing {

/// The body of a recorded answer: what stands at "bodyJson" of a file of test/data/chart.
inline std::string RecordedBody(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t key = text.find("\"bodyJson\":");
  if (key == std::string::npos) throw std::runtime_error("no bodyJson in " + file.string());
  const std::size_t begin = text.find('{', key);
  int depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {  // no brace stands in a string there
    depth += text[i] == '{';
    depth -= text[i] == '}';
    if (depth == 0) return text.substr(begin, i + 1 - begin);
  }
  throw std::runtime_error("no end in " + file.string());
}

/// An answer with the JSON of these parts; `meta` and `rest` without their braces.
inline std::string ChartBody(std::string_view meta, std::string_view timestamps, std::string_view quote,
                             std::string_view rest = "") {
  return fmt::format(
      R"({{"chart":{{"result":[{{"meta":{{{}}},"timestamp":{},"indicators":{{"quote":[{{{}}}]}}{}{}}}],"error":null}}}})",
      meta, timestamps, quote, rest.empty() ? "" : ",", rest);
}

/// A quote in which every row has these four prices and volumes: comma-joined JSON numbers or nulls.
inline std::string FlatQuote(std::string_view prices, std::string_view volumes) {
  return fmt::format(R"("open":[{0}],"high":[{0}],"low":[{0}],"close":[{0}],"volume":[{1}])", prices, volumes);
}

}  // namespace pregao::yahoo::testing
