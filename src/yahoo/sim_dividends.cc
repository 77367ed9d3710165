#include "yahoo/sim_dividends.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace pregao::yahoo {

std::vector<SimDividend> SimDividends(std::string_view quote_type, double first_price, std::int64_t from_s,
                                      std::int64_t to_s) {
  using namespace std::chrono;
  std::vector<SimDividend> out;
  if (quote_type != "EQUITY" && quote_type != "ETF") return out;
  const double amount = std::max(1.0, std::round(first_price * 0.5)) / 100;
  for (year y{2020}; y <= year(2040); ++y) {
    for (const unsigned m : {3u, 6u, 9u, 12u}) {
      const auto day_s = duration_cast<seconds>(sys_days(y / month(m) / 15).time_since_epoch()).count();
      if (day_s >= from_s && day_s < to_s) out.push_back({day_s, amount});
    }
  }
  return out;
}

}  // namespace pregao::yahoo
