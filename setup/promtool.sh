#!/usr/bin/env bash
# Puts promtool (of Debian's package prometheus, unpacked and not installed: no server is started) into the user's cache
# and prints its path (on stdout, nothing else).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
source "$here/cache.sh"

promtool() {
  retry apt-get -q download prometheus >/dev/null
  dpkg-deb -x prometheus_*.deb x
  mv x/usr/bin/promtool .
  rm -rf x prometheus_*.deb
}
fetch promtool promtool >&2
echo "$cache/promtool/promtool"
