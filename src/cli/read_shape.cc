#include "cli/read_shape.h"

namespace pregao::cli {

ReadShape ShapeOf(const std::string& view) {
  if (view == "silver") {
    return {view, "event_time", "ticker",
            "ticker, event_time, price, change, change_percent, day_volume, market_hours, source, partition, offset"};
  }
  if (view == "bars") {
    return {view,
            "bar_start",
            "ticker",
            "ticker, interval, bar_start, open, high, low, close, volume, vwap_estimate, ticks, source, is_final",
            "bar_revisions",
            R"(ticker{0}, "interval"{0})",
            false};
  }
  if (view == "bronze") return {view, "timestamp", "key", "partition, offset, timestamp, key, value"};
  return {view, "timestamp", "key", "reason, detail, partition, offset, timestamp, key, value"};
}

}  // namespace pregao::cli
