#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that are missing; does nothing, without root, when none is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

missing() {
  local installed package command
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  while read -r package command; do
    case $package in ''|'#'*) continue ;; esac
    if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
    grep -qxF "$package" <<<"$installed" || echo "$package"
  done <"$here/packages.txt"
}

fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

[ "$(uname -sm)" = 'Linux x86_64' ] ||
  fail "pregao builds on Linux x86_64, this is $(uname -sm): DuckDB and Arrow are pinned for that alone."
command -v dpkg-query >/dev/null ||
  fail "no dpkg here: install the equivalents of the packages in setup/packages.txt, then run 'make deps build'."

packages=$(missing)
[ -n "$packages" ] || exit 0
# shellcheck disable=SC2086  # one word a package
set -- $packages
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "these packages are missing, and neither root nor sudo is at hand:" \
    "  apt-get install --no-install-recommends $*"
  as_root=(sudo)
fi
echo "setup: installing $# Debian packages: $*"
# Another apt may hold the lock, a mirror may falter: wait and retry, but not for ever.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3
     -o Acquire::http::Timeout=60 -o Acquire::https::Timeout=60)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Lists of a repository that pregao needs nothing from may fail to update: the install is what counts.
"${apt[@]}" update >"$log" 2>&1 || { tail -n 5 "$log" >&2; echo 'setup: apt-get update failed, going on' >&2; }
"${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail 'apt-get install failed'; }
