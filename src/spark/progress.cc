#include "spark/progress.h"

#include <simdjson.h>

namespace pregao::spark {
namespace {

using Element = simdjson::dom::element;

double Number(const Element& object, const char* name) {
  double number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;  // Spark leaves rates out that it does not know
}

}  // namespace

Result<Progress> ParseProgress(std::string_view json) {
  simdjson::dom::parser parser;
  Element report;
  if (const auto error = parser.parse(json.data(), json.size()).get(report)) {
    return Status::Invalid("a progress report of Spark is no JSON: ", simdjson::error_message(error));
  }
  Progress out;
  if (report["batchId"].get(out.batch) != simdjson::SUCCESS) {
    return Status::Invalid("a progress report of Spark has no batchId: ", std::string(json.substr(0, 100)));
  }
  std::string_view watermark;
  if (report["eventTime"]["watermark"].get(watermark) == simdjson::SUCCESS) out.watermark = watermark;
  // Connect's report has the figures by source and none in sum; ours have one source, Kafka's.
  Element source;
  if (report["sources"].at(0).get(source) == simdjson::SUCCESS) {
    out.rows = static_cast<std::int64_t>(Number(source, "numInputRows"));
    out.input_rate = Number(source, "inputRowsPerSecond");
    out.processed_rate = Number(source, "processedRowsPerSecond");
    std::string_view offsets;  // JSON within a text
    if (source["endOffset"].get(offsets) == simdjson::SUCCESS) out.end_offsets = offsets;
  }
  simdjson::dom::array operators;
  if (report["stateOperators"].get(operators) == simdjson::SUCCESS) {
    for (const Element state : operators) {
      out.state_rows += static_cast<std::int64_t>(Number(state, "numRowsTotal"));
      out.late_rows += static_cast<std::int64_t>(Number(state, "numRowsDroppedByWatermark"));
    }
  }
  return out;
}

}  // namespace pregao::spark
