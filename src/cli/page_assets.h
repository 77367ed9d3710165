#pragma once
#include "web/page_routes.h"

namespace pregao::cli {

/// The files of the page, as Vite made them, in the program itself (cmake/Page.cmake).
[[nodiscard]] const web::Assets& PageAssets();

}  // namespace pregao::cli
