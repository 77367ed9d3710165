#!/usr/bin/env bash
# fuzz/run.sh FOLDER SECONDS: runs every fuzzer of FOLDER for SECONDS on its corpus. New inputs go to FOLDER/found; an
# input that crashes stays there as crash-*: copy it into fuzz/corpus/ with the fix.
set -euo pipefail
bin=$(cd "$1" && pwd) seconds=$2
corpora=$(cd "$(dirname "$0")" && pwd)/corpus
ran=0
for fuzzer in "$bin"/*_fuzz; do
  [ -x "$fuzzer" ] || continue
  name=$(basename "$fuzzer" _fuzz)
  found=$bin/found/$name
  mkdir -p "$found"
  log=$found.log
  # libarrow is not instrumented, so its containers look overflown (see docs/adr/0004).
  if ! ASAN_OPTIONS=detect_container_overflow=0 "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=65536 -verbosity=1 -print_final_stats=1 -artifact_prefix="$found/" "$found" "$corpora/$name" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "fuzz: $name FAILED, the input is in $found/" >&2
    exit 1
  fi
  awk -v name="$name" '/number_of_executed_units/ {n = $2} /new_units_added/ {a = $2}
    END {printf "fuzz: %s, %d inputs run, %d new ones\n", name, n, a}' "$log"
  ran=$((ran + 1))
done
[ "$ran" -gt 0 ] || { echo "fuzz: no fuzzer in $bin" >&2; exit 1; }
echo "fuzz: $ran passed, 0 failed"
