# Every third-party library as one imported target, its headers as SYSTEM so that our warnings stop at the border.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/setup/versions.env)
file(STRINGS ${CMAKE_SOURCE_DIR}/setup/versions.env _pins REGEX "^[A-Z_]+=")
foreach(pin ${_pins})
  string(REGEX MATCH "^([A-Z0-9_]+)=(.*)$" _ ${pin})
  set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()
if(DEFINED ENV{PREGAO_CACHE})
  set(_default $ENV{PREGAO_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_default $ENV{XDG_CACHE_HOME}/pregao)
else()
  set(_default $ENV{HOME}/.cache/pregao)
endif()
set(PREGAO_CACHE ${_default} CACHE PATH "Where setup/deps.sh keeps the pinned libraries")

# Arrow and Parquet: the libraries and headers of the PyPI wheel.
set(ARROW_DIR ${PREGAO_CACHE}/arrow-${ARROW_VERSION})
foreach(lib arrow parquet)
  file(GLOB _so ${ARROW_DIR}/lib/lib${lib}.so.*)
  if(NOT _so)
    message(FATAL_ERROR "lib${lib} is not in ${ARROW_DIR}: run 'make setup'")
  endif()
  add_library(Arrow::${lib} SHARED IMPORTED)
  set_target_properties(Arrow::${lib} PROPERTIES IMPORTED_LOCATION ${_so}
    INTERFACE_INCLUDE_DIRECTORIES ${ARROW_DIR}/include)
endforeach()
set_property(TARGET Arrow::parquet PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow)

# simdjson: our own static copy, hidden, because libparquet exports symbols of the same names (see docs/adr/0002).
set(SIMDJSON_DIR ${PREGAO_CACHE}/simdjson-${SIMDJSON_VERSION})
add_library(pregao_simdjson STATIC ${SIMDJSON_DIR}/src/simdjson.cpp)
target_include_directories(pregao_simdjson SYSTEM PUBLIC ${SIMDJSON_DIR}/src)
target_compile_options(pregao_simdjson PRIVATE -w -O2)
# It needs nothing of libparquet: so that it stands before it where programs are linked, and its own symbols are found first.
target_link_libraries(pregao_simdjson INTERFACE Arrow::parquet)
add_library(simdjson::simdjson ALIAS pregao_simdjson)

# DuckDB: static libraries with the C API.
set(DUCKDB_DIR ${PREGAO_CACHE}/duckdb-${DUCKDB_VERSION})
file(GLOB _duckdb ${DUCKDB_DIR}/*.a)
add_library(duckdb::duckdb INTERFACE IMPORTED)
target_include_directories(duckdb::duckdb SYSTEM INTERFACE ${DUCKDB_DIR})
target_link_libraries(duckdb::duckdb INTERFACE -Wl,--start-group ${_duckdb} -Wl,--end-group dl pthread)

# librdkafka: static, built by setup/deps.sh.
set(LIBRDKAFKA_DIR ${PREGAO_CACHE}/librdkafka-${LIBRDKAFKA_VERSION})
if(NOT EXISTS ${LIBRDKAFKA_DIR}/librdkafka.a)
  message(FATAL_ERROR "librdkafka.a is not in ${LIBRDKAFKA_DIR}: run 'make setup'")
endif()
add_library(rdkafka::rdkafka STATIC IMPORTED)
set_target_properties(rdkafka::rdkafka PROPERTIES IMPORTED_LOCATION ${LIBRDKAFKA_DIR}/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${LIBRDKAFKA_DIR}
  INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;zstd;z;m;dl;pthread")

# Debian packages.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)  # its HTTP server is not used
add_library(prometheus::core ALIAS PkgConfig::prometheus)
foreach(lib xxhash libedit tomlplusplus)
  add_library(${lib}::${lib} ALIAS PkgConfig::${lib})
endforeach()
