# Sourced: the cache folder that all clones of a user share, and how a folder gets into it.
cache=${PREGAO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pregao}
mkdir -p "$cache"

# retry COMMAND…: up to three times, 2 s and 8 s apart.
retry() {
  "$@" && return
  sleep 2; "$@" && return
  sleep 8; "$@"
}

# fetch NAME FUNCTION: runs FUNCTION in a fresh folder that becomes $cache/NAME only when it has succeeded. Of several
# at a time one works and the others wait, at most 20 minutes.
fetch() {
  local name=$1 function=$2 work
  [ -e "$cache/$name" ] && return
  exec 9>"$cache/.lock"
  flock -w 1200 9 || { echo "setup: another set-up holds $cache/.lock since 20 minutes" >&2; exit 1; }
  if [ ! -e "$cache/$name" ]; then
    echo "setup: fetching $name"
    work=$cache/.work.$name
    rm -rf "$work"
    mkdir "$work"
    # Not `if ! (…)`: in a condition bash would ignore set -e inside.
    set +e
    (set -e; cd "$work"; "$function")
    local code=$?
    set -e
    [ $code = 0 ] || { rm -rf "$work"; echo "setup: fetching $name failed" >&2; exit 1; }
    mv -T "$work" "$cache/$name"
  fi
  exec 9>&-
}
