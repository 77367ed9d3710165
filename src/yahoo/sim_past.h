#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "yahoo/sim_minutes.h"

namespace pregao::yahoo {

/// What a simulated symbol did before its market was started: any minute can be asked for, and the same seed and ticker
/// give the same. Smooth noise of several wavelengths around one price. Not thread-safe; fastest in ascending order.
class SimPast {
 public:
  /// The first trade of all: 2020-01-01, UTC seconds.
  static constexpr std::int64_t kBegin = 1'577'836'800;

  /// @param price  around which it moves  @param grid  of prices
  SimPast(std::uint64_t seed, std::string_view ticker, double price, double grid);
  /// @param start_s  a multiple of 60, not before kBegin
  [[nodiscard]] SimMinute At(std::int64_t start_s);

 private:
  struct Wave {
    std::int64_t minutes;  // its length
    double size;           // relative
    std::int64_t at = -1;  // the stretch whose ends are kept
    double left = 0, right = 0;
  };
  [[nodiscard]] double Noise(std::int64_t wave, std::int64_t place) const;
  [[nodiscard]] double PriceAt(std::int64_t minute);
  [[nodiscard]] float OnGrid(double price) const;

  std::uint64_t salt_;
  double price_, grid_;
  std::array<Wave, 5> waves_{Wave{1, 0.0006}, Wave{15, 0.002}, Wave{240, 0.006}, Wave{3 * 1440, 0.02},
                             Wave{40 * 1440, 0.05}};
};

}  // namespace pregao::yahoo
