#!/usr/bin/env bash
# Fetches the npm packages of test/page into the user's cache, and prints their node_modules folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
source "$here/cache.sh"
tests=$here/../test/page

modules() {
  cp "$tests"/{package.json,package-lock.json,.npmrc} .
  retry npm ci --silent --ignore-scripts
}

name=page-tests-$(sha256sum "$tests/package-lock.json" | cut -c1-12)
fetch "$name" modules >&2
echo "$cache/$name/node_modules"
