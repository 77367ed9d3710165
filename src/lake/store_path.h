#pragma once
/// Paths inside a store: '/' between parts, relative, never with "..".
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::lake {

/// `root` and `rest` with one '/' between; `rest` alone when the root is empty.
[[nodiscard]] std::string JoinPath(std::string_view root, std::string_view rest);
/// Invalid for what no store accepts: empty, absolute, empty or "." or ".." parts, NUL.
[[nodiscard]] Status CheckStorePath(std::string_view path);
/// A random (version 4) UUID in lower case.
[[nodiscard]] std::string NewUuid();

}  // namespace pregao::lake
