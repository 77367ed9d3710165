#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace pregao {

/// An integer that does not mix with integers of another meaning. Trivially copyable.
template <class Tag, class Rep>
struct Strong {
  Rep value{};
  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}
  friend constexpr auto operator<=>(Strong, Strong) = default;
  friend constexpr Strong operator+(Strong a, Rep n) { return Strong(static_cast<Rep>(a.value + n)); }
  friend constexpr Rep operator-(Strong a, Strong b) { return static_cast<Rep>(a.value - b.value); }
  friend std::ostream& operator<<(std::ostream& out, Strong a) { return out << a.value; }
};

/// A record's place in its partition; starts at 0, may have holes. Ranges of offsets are half-open.
using Offset = Strong<struct OffsetTag, std::int64_t>;
using Partition = Strong<struct PartitionTag, std::int32_t>;
/// A Delta table's version: the number of its newest log entry, from 0.
using TableVersion = Strong<struct TableVersionTag, std::int64_t>;
/// Milliseconds since the Unix epoch, UTC.
using TimestampMs = Strong<struct TimestampMsTag, std::int64_t>;

}  // namespace pregao

template <class Tag, class Rep>
struct std::hash<pregao::Strong<Tag, Rep>> {
  std::size_t operator()(pregao::Strong<Tag, Rep> s) const noexcept { return std::hash<Rep>{}(s.value); }
};
