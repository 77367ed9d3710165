#!/usr/bin/env bash
# build.sh NODE_MODULES OUT: type-checks the page, bundles it in OUT/dist with the API's description, and writes it as C++ to OUT/assets.cc.
# Works on a copy in OUT, so that several builds of one clone are not in each other's way.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
modules=$1 out=$2
rm -rf "$out/app"
mkdir -p "$out/app"
cp -r "$here"/{src,index.html,package.json,tsconfig.json,vite.config.ts} "$out/app"
ln -sfn "$modules" "$out/app/node_modules"
cd "$out/app"
node node_modules/typescript/bin/tsc --noEmit
node node_modules/vite/bin/vite.js build --logLevel warn --outDir ../dist --emptyOutDir
install -D -m 644 "$here/../openapi.yaml" ../dist/api/openapi.yaml
python3 "$here/embed.py" ../dist ../assets.cc
