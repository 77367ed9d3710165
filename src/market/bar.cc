#include "market/bar.h"

namespace pregao::market {

std::string_view BarSourceName(BarSource source) {
  switch (source) {
    case BarSource::kStream:
      return "stream";
    case BarSource::kChart:
      return "chart";
  }
  return "";
}

std::optional<BarSource> BarSourceOf(std::string_view name) {
  for (const BarSource source : {BarSource::kStream, BarSource::kChart}) {
    if (name == BarSourceName(source)) return source;
  }
  return std::nullopt;
}

std::string_view ActionKindName(ActionKind kind) {
  switch (kind) {
    case ActionKind::kDividend:
      return "dividend";
    case ActionKind::kSplit:
      return "split";
  }
  return "";
}

}  // namespace pregao::market
