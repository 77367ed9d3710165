#!/usr/bin/env bash
# with.sh SERVICE… -- COMMAND…: runs COMMAND with real services beside it, each on free ports of the loopback and with a
# folder of its own, and stops them when it ends. One place for tests, benches and demonstrations.
#
# SERVICE is a file setup/services/SERVICE.sh, sourced here, that defines
#   SERVICE_install        fetches what it needs into the cache; does nothing when it is there
#   SERVICE_start FOLDER   starts it with `background`, returns when it answers (bounded), exports where it is reached
# The processes' logs lie in their folders, under $PREGAO_SERVICES (a temporary folder, kept when COMMAND fails).
set -euo pipefail
services_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../versions.env
source "$services_dir/../versions.env"
# shellcheck source=../cache.sh
source "$services_dir/../cache.sh"

fail() { echo "services: $*" >&2; exit 1; }

# free_ports N: N ports of the loopback that nobody listens on, in one line.
free_ports() {
  python3 -c 'import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))' "$1"
}

pids=()
# background LOG COMMAND…: starts COMMAND in a process group of its own; $! is its process.
background() {
  local log=$1
  shift
  setsid "$@" >"$log" 2>&1 </dev/null &
  pids+=($!)
}

# await SECONDS LOG COMMAND…: until COMMAND succeeds, at most SECONDS; the log's end is shown when it does not.
await() {
  local until=$((SECONDS + $1)) log=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "${pids[-1]}" 2>/dev/null || ((SECONDS >= until)); then
      tail -n 30 "$log" >&2
      fail "not ready: $*"
    fi
    sleep 0.1
  done
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

stop_all() {
  local code=$? pid
  for pid in "${pids[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL -- "-$pid" 2>/dev/null || true
  done
  if [ "$code" = 0 ]; then rm -rf "$PREGAO_SERVICES"; else echo "services: their logs are in $PREGAO_SERVICES" >&2; fi
}

names=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do names+=("$1"); shift; done
[ $# -gt 1 ] && [ ${#names[@]} -gt 0 ] || fail "usage: with.sh SERVICE… -- COMMAND…"
shift
for name in "${names[@]}"; do
  [ -f "$services_dir/$name.sh" ] || fail "there is no service '$name' in $services_dir"
  # shellcheck disable=SC1090
  source "$services_dir/$name.sh"
  "${name}_install"
done
PREGAO_SERVICES=$(mktemp -d "${TMPDIR:-/tmp}/pregao-services-XXXXXX")
export PREGAO_SERVICES
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for name in "${names[@]}"; do
  mkdir "$PREGAO_SERVICES/$name"
  "${name}_start" "$PREGAO_SERVICES/$name"
done
"$@"
