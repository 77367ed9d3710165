#!/usr/bin/env bash
# Fetches the page's npm packages into the user's cache, one folder a lockfile; does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
source "$here/cache.sh"
app=$here/../src/web/app

page() {
  cp "$app"/{package.json,package-lock.json,.npmrc} .
  retry npm ci --silent --ignore-scripts
}

fetch "page-$(sha256sum "$app/package-lock.json" | cut -c1-12)" page
