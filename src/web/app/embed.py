#!/usr/bin/env python3
"""embed.py DIST OUT.cc: the files of a folder as one C++ source, with their content types."""
import sys
from pathlib import Path

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".yaml": "application/yaml"}
PIECE = 8000  # compilers bound the length of one literal


def literal(data):
    text = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in data)
    return f'"{text}"'


def main(dist, out):
    lines, entries = [], []
    for number, file in enumerate(sorted(p for p in Path(dist).rglob("*") if p.is_file())):
        data = file.read_bytes()
        pieces = [literal(data[at:at + PIECE]) for at in range(0, len(data), PIECE)]
        lines += [f"constexpr char kFile{number}[] =", *(f"    {piece}" for piece in pieces), "    ;"]
        path = "/" + file.relative_to(dist).as_posix().replace("index.html", "")
        entries.append(f'      {{"{path}", {{"{TYPES[file.suffix]}", {{kFile{number}, sizeof kFile{number} - 1}}}}}},')
    Path(out).write_text("\n".join([
        '#include "cli/page_assets.h"', "", "namespace pregao::cli {", "namespace {", *lines, "}  // namespace", "",
        "const web::Assets& PageAssets() {", "  static const web::Assets assets{", *entries, "  };", "  return assets;",
        "}", "", "}  // namespace pregao::cli", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
