#!/bin/sh
# Installs a Debian package of the studio into an image, as root: deploy/install_package.sh FILE.deb
# Makes the account that the image runs as and the folders that are its volumes.
set -eu
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$1"
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
# A Space's build keeps what it preloads in the cache of this account.
useradd --uid 1000 --create-home --shell /usr/sbin/nologin user
install -d -o user -g user /data /home/user/.cache /home/user/.cache/huggingface
