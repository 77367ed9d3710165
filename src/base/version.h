#pragma once
#include <string_view>

namespace pregao {

/// The release, as `project(VERSION)` in CMakeLists.txt has it.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace pregao
