#pragma once
#include "cli/settings.h"
#include "listen/listener.h"

namespace pregao::cli {

/// The listener that the settings describe, but for `calendars`. @param source  "yahoo" or "simulator"
[[nodiscard]] listen::ListenerOptions ListenerOptionsOf(const Settings& settings, const std::string& source);

/// Whether the stream's address is Yahoo's own, and so the rows' source "yahoo"; anything else is "simulator".
[[nodiscard]] std::string SourceOf(const Settings& settings);
/// The same of any address: the chart API's.
[[nodiscard]] std::string SourceOfUrl(const std::string& url);

}  // namespace pregao::cli
