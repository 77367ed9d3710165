#pragma once
#include <filesystem>
#include <string_view>

#include "base/status.h"

namespace pregao::web {

/// Puts `text` in the file's place, at once and durably: a reader sees the old text or the new. Rights are kept, a
/// symbolic link is followed. IOError: the folder or the disk refuses; the old text is still there.
[[nodiscard]] Status ReplaceFile(const std::filesystem::path& file, std::string_view text);

}  // namespace pregao::web
