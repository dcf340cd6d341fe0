#!/usr/bin/env bash
# Prints the path of the npm package that a lock file pins: scripts/npm_archive.sh LOCK
# Downloads it once per machine; what lies in the cache or comes from the network must have the pinned hash.
set -euo pipefail
lock=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ams

fail() { echo "npm_archive: $*" >&2; exit 1; }
pinned() { awk -v key="$1" '$1 == key { print $2 }' "$lock"; }

package=$(pinned package)
version=$(pinned version)
archive=$cache/$package-$version.tgz
want=$(pinned integrity | sed 's/^sha512-//' | base64 -d | od -An -v -tx1 | tr -d ' \n')

matches() { [ "$(sha512sum <"$1" | cut -d' ' -f1)" = "$want" ]; }

if [ ! -f "$archive" ] || ! matches "$archive"; then
  command -v npm >/dev/null || fail "npm is missing; ./ams installs it, or see scripts/packages.txt"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  echo "npm_archive: downloading $package $version" >&2
  (cd "$work" && npm pack --ignore-scripts --loglevel=error "$package@$version" >npm.out 2>&1 </dev/null) ||
    fail "npm could not download $package@$version: $(grep -m 1 -i "request to\|err" "$work/npm.out")"
  downloaded=$(find "$work" -name '*.tgz')
  [ -n "$downloaded" ] || fail "npm ended well but left no archive of $package@$version"
  matches "$downloaded" || fail "$package@$version differs from the hash in $lock"
  mkdir -p "$cache"
  mv "$downloaded" "$archive"
fi
echo "$archive"
