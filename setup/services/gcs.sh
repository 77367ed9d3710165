# shellcheck shell=bash
# Google Cloud Storage as fake-gcs-server. Exports PREGAO_TEST_GCS (its address), PREGAO_TEST_GCS_BUCKET, and
# PREGAO_TEST_GCS_FOLDER, where the bucket's objects lie as plain files for readers that know no gs://.

# fake-gcs-server needs a newer Go than Debian's, which cannot fetch one by itself: the toolchain is a Go module.
gcs_build() {
  local module=golang.org/toolchain@v0.0.1-go$GO_TOOLCHAIN_VERSION.linux-amd64 answer root
  export GOPATH=$PWD/go GOMODCACHE=$PWD/go/mod GOFLAGS='-modcacherw -trimpath' GOTOOLCHAIN=local
  answer=$(retry go mod download -json "$module") || { echo "$answer" >&2; return 1; }
  grep -qF "\"Sum\": \"$GO_TOOLCHAIN_SUM\"" <<<"$answer" || { echo "setup: $module is not what versions.env pins" >&2; return 1; }
  root=$(sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' <<<"$answer")
  chmod -R +x "$root/bin" "$root/pkg/tool"  # a module's files lose that bit
  GOROOT=$root GOCACHE=$PWD/go/build CGO_ENABLED=0 retry "$root/bin/go" install \
    "github.com/fsouza/fake-gcs-server@v$FAKE_GCS_VERSION"
  mv go/bin/fake-gcs-server .
  rm -rf go
}

gcs_install() { fetch "fake-gcs-$FAKE_GCS_VERSION" gcs_build; }

gcs_start() {
  local folder=$1 port
  port=$(free_ports 1)
  export PREGAO_TEST_GCS=http://127.0.0.1:$port PREGAO_TEST_GCS_BUCKET=lake PREGAO_TEST_GCS_FOLDER=$folder/objects/lake
  background "$folder/log" "${cache:?}/fake-gcs-$FAKE_GCS_VERSION/fake-gcs-server" -scheme http -host 127.0.0.1 \
    -port "$port" -backend filesystem -filesystem-root "$folder/objects" -public-host "127.0.0.1:$port" \
    -external-url "$PREGAO_TEST_GCS"
  await 30 "$folder/log" port_open "$port"
  python3 -c 'import json, sys, urllib.request
body = json.dumps({"name": sys.argv[2]}).encode()
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/storage/v1/b?project=test", body,
                                              {"Content-Type": "application/json"}), timeout=10)' \
    "$PREGAO_TEST_GCS" "$PREGAO_TEST_GCS_BUCKET"
}
