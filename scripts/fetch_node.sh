#!/usr/bin/env bash
# Puts Node.js into third_party/node where the machine's own is too old to build the page (cmake/web.cmake says how
# old it may be). Needs the network once per machine. On processors other than x86-64 it only says what is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/third_party/node
needed=$(sed -n 's/^set(ams_node_needed \(.*\))$/\1/p' "$root/cmake/web.cmake")

at_least() { printf '%s\n%s\n' "$1" "$2" | sort -VC; }

own=$(node --version 2>/dev/null || echo v0)
at_least "$needed" "${own#v}" && exit 0
cmp -s "$root/cmake/node.lock" "$target/.node.lock" && exit 0
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "fetch_node: Node.js $needed is needed for the page, this machine has $own; building without a page" >&2
  exit 0
fi

archive=$("$root/scripts/npm_archive.sh" "$root/cmake/node.lock")
echo "fetch_node: unpacking Node.js into third_party/node, since this machine has $own" >&2
rm -rf "$target"
mkdir -p "$target"
tar -xzf "$archive" -C "$target" --strip-components=1 package/bin/node package/LICENSE
cp "$root/cmake/node.lock" "$target/.node.lock"
