#!/bin/sh
# Installs what building a package needs, as root: scripts/packages.txt without what only tests, formatting and
# lint use, and `file`, by which CPack finds the libraries that the package depends on.
set -eu
here=$(dirname "$0")
apt-get update -q
sed -e '/^#/d' -e 's/[[:space:]].*//' "$here/../scripts/packages.txt" |
  grep -vxE 'chromium|clang-format|clang-tidy|ffmpeg|libgmock-dev|libgtest-dev|libsox-fmt-mp3|sox' |
  DEBIAN_FRONTEND=noninteractive xargs apt-get install -q -y --no-install-recommends file
rm -rf /var/lib/apt/lists/*
