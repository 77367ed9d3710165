#pragma once
#include <cstdint>
#include <string_view>

namespace pregao::yahoo {

/// A small generator whose numbers are the same on every platform and in every release (splitmix64, public domain).
class SimRandom {
 public:
  explicit SimRandom(std::uint64_t seed, std::string_view salt = {}) : state_(seed) {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    for (const char c : salt) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    state_ = Next() ^ hash;
  }
  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// [0, 1)
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  /// [0, n)
  std::uint64_t Below(std::uint64_t n) { return static_cast<std::uint64_t>(Uniform() * static_cast<double>(n)); }
  /// About normal (Irwin-Hall of three), mean 0, deviation 1.
  double Normal() { return (Uniform() + Uniform() + Uniform() - 1.5) * 2; }
  [[nodiscard]] bool Chance(double probability) { return Uniform() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace pregao::yahoo
