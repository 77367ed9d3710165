#!/usr/bin/env bash
# runtime_packages.sh PROGRAM: the Debian packages of the shared libraries that PROGRAM loads, one a line, but for those
# that lie beside it. A slim image needs these and nothing else.
set -euo pipefail
program=$(realpath "$1")
ldd "$program" | awk '/=> \// { print $3 }' | while read -r library; do
  case $(realpath "$library") in "${program%/*}"/*) continue ;; esac
  # dpkg knows a library by the path that its package has, with /usr or without.
  dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "/usr$library" 2>/dev/null || dpkg-query -S "${library#/usr}"
done | cut -d: -f1 | sort -u
