#include "yahoo/sim_past.h"

#include <algorithm>
#include <cmath>

#include "yahoo/sim_random.h"

namespace pregao::yahoo {

SimPast::SimPast(std::uint64_t seed, std::string_view ticker, double price, double grid)
    : salt_(SimRandom(seed, ticker).Next()), price_(price), grid_(grid) {}

/// [-1, 1), the same for the same wave and place.
double SimPast::Noise(std::int64_t wave, std::int64_t place) const {
  SimRandom random(salt_ ^ static_cast<std::uint64_t>(wave) << 56 ^ static_cast<std::uint64_t>(place));
  return 2 * random.Uniform() - 1;
}

double SimPast::PriceAt(std::int64_t minute) {
  double sum = 0;
  for (std::size_t i = 0; i < waves_.size(); ++i) {
    Wave& wave = waves_[i];
    const std::int64_t at = minute / wave.minutes;
    if (at != wave.at) {
      const auto number = static_cast<std::int64_t>(i);
      wave.left = at == wave.at + 1 ? wave.right : Noise(number, at);
      wave.right = Noise(number, at + 1);
      wave.at = at;
    }
    const double into = static_cast<double>(minute % wave.minutes) / static_cast<double>(wave.minutes);
    sum += wave.size * (wave.left + (wave.right - wave.left) * into);
  }
  return price_ * std::exp(sum);
}

float SimPast::OnGrid(double price) const {
  return static_cast<float>(std::max(1.0, std::round(price / grid_)) * grid_);
}

SimMinute SimPast::At(std::int64_t start_s) {
  const std::int64_t minute = start_s / 60;
  SimMinute out{start_s, OnGrid(PriceAt(minute)), 0, 0, OnGrid(PriceAt(minute + 1)), 0};
  SimRandom random(salt_ ^ 0x5157 ^ static_cast<std::uint64_t>(minute) << 8);
  const double up = 0.0004 * random.Uniform(), down = 0.0004 * random.Uniform();
  out.high = std::max({out.open, out.close, OnGrid(static_cast<double>(std::max(out.open, out.close)) * (1 + up))});
  out.low = std::min({out.open, out.close, OnGrid(static_cast<double>(std::min(out.open, out.close)) * (1 - down))});
  out.volume = 100 * static_cast<std::int64_t>(random.Below(1200));
  return out;
}

}  // namespace pregao::yahoo
