#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "web/http_server.h"
#include "web/page.h"

namespace pregao::web {

/// A file of the page, in the program itself.
struct Asset {
  std::string_view content_type, bytes;
};
using Assets = std::map<std::string, Asset>;  ///< by path, "/" for the page

/// The page's files and /api/*, to be guarded. All that is given must outlive the routes.
/// @param pages  how many are open now
[[nodiscard]] Routes PageRoutes(Page* page, const Assets& assets, std::function<std::size_t()> pages);
/// Of them, those that ask the tables, and wait as long as their lake takes.
[[nodiscard]] std::set<std::string> TableRoutes();

}  // namespace pregao::web
