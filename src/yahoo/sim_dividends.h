#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace pregao::yahoo {

struct SimDividend {
  std::int64_t day_s;  ///< the ex-date's begin, UTC seconds
  double amount;
};

/// What a simulated share or fund pays in [from_s, to_s): a quarter's dividend on the 15th of each third month from
/// 2020 to 2040, half a hundredth of the first price. None for other types.
[[nodiscard]] std::vector<SimDividend> SimDividends(std::string_view quote_type, double first_price,
                                                    std::int64_t from_s, std::int64_t to_s);

}  // namespace pregao::yahoo
