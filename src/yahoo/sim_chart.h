#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yahoo/chart.h"
#include "yahoo/market_sim.h"
#include "yahoo/sim_past.h"
#include "yahoo/sim_transport.h"

namespace pregao::yahoo {

/// The chart API of the simulated market: what its stream has told since it began, and an invented past before. Quirks
/// included: no `timestamp` where nothing was traded, nulls for minutes without a quote, a live last row told apart
/// from its minute, prices as widened float32, refusals in Yahoo's words. The market never closes; its days are UTC
/// days. Not thread-safe.
class SimChart {
 public:
  /// `market` must outlive it.
  explicit SimChart(MarketSim* market) : market_(market) {}
  /// @param target  "/v8/finance/chart/PETR4.SA?interval=1m&range=1d"
  [[nodiscard]] SimAnswer Answer(std::string_view target);

 private:
  struct Row {
    std::int64_t time_s;
    std::optional<SimMinute> traded;  // nullopt: nulls
  };
  [[nodiscard]] std::vector<Row> Rows(const std::string& ticker, const SimSymbol& symbol, const ChartQuery& query);
  [[nodiscard]] std::optional<double> CloseBefore(const std::string& ticker, const SimSymbol& symbol,
                                                  std::int64_t day_s);
  [[nodiscard]] std::vector<double> AdjustedCloses(const std::string& ticker, const SimSymbol& symbol,
                                                   const std::vector<Row>& rows);
  [[nodiscard]] std::string Body(const std::string& ticker, const SimSymbol& symbol, const ChartQuery& query,
                                 std::string_view granularity, const std::vector<Row>& rows);
  [[nodiscard]] std::int64_t NowS() const { return market_->now().value / 1000; }

  MarketSim* const market_;
};

}  // namespace pregao::yahoo
