#!/usr/bin/env bash
# Fetches the pinned C++ libraries into the user's cache, one folder a version; does nothing when they are there.
# What comes is checked against versions.env. Safe to run from several clones at a time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=versions.env
source "$here/versions.env"
# shellcheck source=cache.sh
source "$here/cache.sh"

# verify FILE SHA256
verify() {
  local got; got=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$got" = "$2" ] || { echo "setup: $1 has sha256 $got, pinned in versions.env is $2" >&2; return 1; }
}

# The wheel of one Python version, whichever Python runs here: only its C++ headers and libraries are used.
arrow() {
  python3 -m venv pip
  retry pip/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
    --abi cp311 --platform manylinux_2_28_x86_64 "pyarrow==$ARROW_VERSION"
  verify ./*.whl "$ARROW_SHA256"
  python3 -m zipfile -e ./*.whl wheel
  mkdir lib
  mv wheel/pyarrow/include .
  mv wheel/pyarrow/lib{arrow,parquet}.so.* lib/
  mv wheel/pyarrow-*.dist-info licenses
  rm -rf wheel pip ./*.whl
}

# The Go bindings ship DuckDB as static libraries; no Go is compiled.
duckdb() {
  local module=github.com/duckdb/duckdb-go-bindings/lib/linux-amd64@v$DUCKDB_VERSION answer dir
  answer=$(GOPATH=$PWD/go GOMODCACHE=$PWD/go/mod GOFLAGS=-modcacherw retry go mod download -json "$module") || { echo "$answer" >&2; return 1; }
  grep -qF "\"Sum\": \"$DUCKDB_SUM\"" <<<"$answer" || { echo "setup: $module is not what versions.env pins" >&2; return 1; }
  dir=$(sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' <<<"$answer")
  mv "$dir"/duckdb.h "$dir"/*.a "$dir"/LICENSE .
  rm -rf go
}

simdjson() {
  retry npm pack --silent --no-update-notifier "@nozbe/simdjson@$SIMDJSON_VERSION" >/dev/null
  verify ./*.tgz "$SIMDJSON_SHA256"
  tar xzf ./*.tgz --strip-components=1
  rm ./*.tgz
}

# Compiled here, once: Debian's is too old to tell a topic's id. Hidden symbols, for libarrow has some of the same names.
# TLS, zstd, gzip, its own lz4 and snappy; no Kerberos (SASL is PLAIN, SCRAM, OAUTHBEARER).
librdkafka() {
  retry npm pack --silent --no-update-notifier "@confluentinc/kafka-javascript@$KAFKA_JAVASCRIPT_VERSION" >/dev/null
  verify ./*.tgz "$KAFKA_JAVASCRIPT_SHA256"
  tar xzf ./*.tgz --strip-components=3 package/deps/librdkafka
  patch --quiet -p1 <"$here/librdkafka.patch"
  if ! { CFLAGS=-fvisibility=hidden ./configure --disable-curl --disable-gssapi --disable-lz4-ext --disable-c11threads \
           --disable-debug-symbols && make -C src -j "$(nproc)" librdkafka.a; } >build.log 2>&1; then
    tail -n 20 build.log >&2
    return 1
  fi
  grep -q 'SSL.*ZSTD\|ZSTD.*SSL' config.h || { echo "setup: librdkafka found no OpenSSL or zstd" >&2; return 1; }
  mkdir keep
  mv src/{librdkafka.a,rdkafka.h,rdkafka_mock.h} LICENSES.txt keep/
  find . -mindepth 1 -maxdepth 1 ! -name keep -exec rm -rf {} +
  mv keep/* .
  rmdir keep
}

# Spark Connect's wire: the .proto files that its own server carries.
spark_protos() {
  retry mvn -q -B dependency:copy -Dartifact="org.apache.spark:spark-connect_2.13:$SPARK_VERSION" -DoutputDirectory="$PWD"
  verify ./*.jar "$SPARK_CONNECT_SHA256"
  python3 - ./*.jar <<'PY'
import sys, zipfile
jar = zipfile.ZipFile(sys.argv[1])
jar.extractall(".", [name for name in jar.namelist() if name.startswith("spark/connect/") and name.endswith(".proto")])
PY
  rm ./*.jar
}

# The Storage Write API's .proto files, and the few of Google's common ones that they name.
bigquery_protos() {
  local storage=google/cloud/bigquery/storage/v1
  retry npm pack --silent --no-update-notifier "@google-cloud/bigquery-storage@$BIGQUERY_STORAGE_VERSION" >/dev/null
  verify ./*.tgz "$BIGQUERY_STORAGE_SHA256"
  tar xzf ./*.tgz --strip-components=3 "package/build/protos/$storage"
  python3 -m venv pip
  retry pip/bin/pip download --quiet --disable-pip-version-check --no-deps "googleapis-common-protos==$COMMON_PROTOS_VERSION"
  verify ./*.whl "$COMMON_PROTOS_SHA256"
  python3 - ./*.whl <<'PY'
import sys, zipfile
names = ["api/" + name for name in ("annotations", "http", "client", "launch_stage", "field_behavior", "resource")]
zipfile.ZipFile(sys.argv[1]).extractall(".", [f"google/{name}.proto" for name in [*names, "rpc/status"]])
PY
  rm -rf ./*.tgz ./*.whl pip
}

fetch "arrow-$ARROW_VERSION" arrow
fetch "duckdb-$DUCKDB_VERSION" duckdb
fetch "simdjson-$SIMDJSON_VERSION" simdjson
fetch "librdkafka-$LIBRDKAFKA_VERSION" librdkafka
fetch "spark-protos-$SPARK_VERSION" spark_protos
fetch "bigquery-protos-$BIGQUERY_STORAGE_VERSION" bigquery_protos
