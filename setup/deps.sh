#!/usr/bin/env bash
# Fetches the pinned C++ libraries into the user's cache, one folder a version; does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=versions.env
source "$here/versions.env"
cache=${PREGAO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pregao}
mkdir -p "$cache"

# fetch NAME COMMAND…: runs COMMAND in a fresh folder that becomes $cache/NAME only when it has succeeded.
fetch() {
  local name=$1; shift
  [ -e "$cache/$name" ] && return
  echo "setup: fetching $name"
  local tmp; tmp=$(mktemp -d "$cache/.$name.XXXXXX")
  (cd "$tmp" && "$@")
  mv -T "$tmp" "$cache/$name"
}

arrow() {
  pip install --quiet --no-deps --target wheel "pyarrow==$ARROW_VERSION"
  mv wheel/pyarrow/include . && mkdir lib licenses
  for so in arrow parquet; do mv wheel/pyarrow/lib$so.so.* lib/; ln -s "$(basename lib/lib$so.so.*)" "lib/lib$so.so"; done
  mv wheel/pyarrow-*.dist-info/licenses licenses/ 2>/dev/null || true
  rm -rf wheel
}
duckdb() {
  local module=github.com/duckdb/duckdb-go-bindings/lib/linux-amd64@v$DUCKDB_VERSION dir
  dir=$(go mod download -json "$module" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p')
  cp "$dir"/duckdb.h "$dir"/*.a "$dir"/LICENSE . && chmod -R u+w .
}
simdjson() {
  npm pack --silent "@nozbe/simdjson@$SIMDJSON_VERSION" >/dev/null
  tar xzf ./*.tgz --strip-components=1 && rm ./*.tgz
}

fetch "arrow-$ARROW_VERSION" arrow
fetch "duckdb-$DUCKDB_VERSION" duckdb
fetch "simdjson-$SIMDJSON_VERSION" simdjson
