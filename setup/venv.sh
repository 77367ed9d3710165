#!/usr/bin/env bash
# venv.sh [REQUIREMENTS=test/requirements.txt]: makes a Python environment in the user's cache, one for each content of
# that file and each Python, and prints its folder (on stdout, nothing else).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
source "$here/cache.sh"
requirements=$(realpath "${1:-$here/../test/requirements.txt}")
key=$( (cat "$requirements"; python3 -c 'import sys; print(sys.version, sys.base_prefix)') | sha256sum | cut -c1-12)

# A virtual environment knows its own path, so it is made in place and marked when complete.
venv() {
  local dir=$cache/venv-$key
  rm -rf "$dir.env"
  python3 -m venv "$dir.env"
  retry "$dir.env/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
}
fetch "venv-$key" venv >&2
echo "$cache/venv-$key.env"
