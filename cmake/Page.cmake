# The page: Vite makes src/web/app into three files, which become C++ (pregao_page), with the
# API's description. Node's packages come from set-up.
file(SHA256 ${CMAKE_SOURCE_DIR}/src/web/app/package-lock.json _lock)
string(SUBSTRING ${_lock} 0 12 _lock)
set(PAGE_MODULES ${PREGAO_CACHE}/page-${_lock}/node_modules)
if(NOT EXISTS ${PAGE_MODULES})
  message(FATAL_ERROR "the page's packages are not in ${PAGE_MODULES}: run 'make setup'")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/web/app/package-lock.json)
file(GLOB_RECURSE _page_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/web/app/src/* ${CMAKE_SOURCE_DIR}/src/web/app/index.html)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/page/assets.cc
  COMMAND ${CMAKE_SOURCE_DIR}/src/web/app/build.sh ${PAGE_MODULES} ${CMAKE_BINARY_DIR}/page
  DEPENDS ${_page_sources} ${CMAKE_SOURCE_DIR}/src/web/app/build.sh ${CMAKE_SOURCE_DIR}/src/web/app/embed.py
          ${CMAKE_SOURCE_DIR}/src/web/app/vite.config.ts ${CMAKE_SOURCE_DIR}/src/web/app/tsconfig.json
          ${CMAKE_SOURCE_DIR}/src/web/openapi.yaml
  COMMENT "The page" VERBATIM)
add_library(pregao_page STATIC ${CMAKE_BINARY_DIR}/page/assets.cc)
target_link_libraries(pregao_page PRIVATE pregao_web)
target_link_libraries(pregao_cli PUBLIC pregao_page)
