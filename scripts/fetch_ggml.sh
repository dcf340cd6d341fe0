#!/usr/bin/env bash
# Puts ggml's source into third_party/ggml, as cmake/ggml.lock pins it. Safe to run again: needs the
# network once per machine, then works from the cache. A third_party/ggml of your own is kept.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lock=$root/cmake/ggml.lock
target=$root/third_party/ggml

fail() { echo "fetch_ggml: $*" >&2; exit 1; }
pinned() { awk -v key="$1" '$1 == key { print $2 }' "$lock"; }

if [ -f "$target/CMakeLists.txt" ]; then
  # Without our stamp the folder is the user's own; with it, it must be the pinned one.
  [ ! -f "$target/.ggml.lock" ] || cmp -s "$lock" "$target/.ggml.lock" && exit 0
fi

archive=$("$root/scripts/npm_archive.sh" "$lock")
bundle=$(pinned bundle)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetch_ggml: unpacking ggml into third_party/ggml" >&2
tar -xzf "$archive" -C "$work" "$bundle" || fail "$archive holds no $bundle"
git init -q --bare "$work/repo"
git -C "$work/repo" fetch -q "$work/$bundle" HEAD || fail "$bundle of $archive is no git bundle"
mkdir -p "$root/third_party" "$work/tree"
git -C "$work/repo" archive FETCH_HEAD ggml | tar -x -C "$work/tree"
cp "$lock" "$work/tree/ggml/.ggml.lock"
rm -rf "$target"
mv "$work/tree/ggml" "$target"
