#!/bin/bash
# Proves the Debian package, and by it what the Docker images do: as root, on Debian, with debootstrap,
#   deploy/check_package.sh FILE.deb    a package that is there
#   deploy/check_package.sh --build     builds it first in a bare folder, as the image's build stage does
# Makes a bare Debian 12 in a temporary folder, installs the package by the script of the images, and runs it as
# the images do: uid 1000, read-only root, only /data and /tmp writable. Takes minutes and needs a Debian mirror
# (MIRROR), so it is no part of `./ams test`; a release runs it. BARE names a folder that debootstrap has filled
# before. PORT (17860) must be free on this machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
port=${PORT:-17860}

fail() { echo "check_package: $*" >&2; exit 1; }
step() { echo "== $1 (at $SECONDS s)"; }
[[ $(id -u) -eq 0 ]] || fail "needs root, for debootstrap and chroot"
[[ $# -eq 1 ]] || fail "expected FILE.deb or --build"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step "a bare Debian 12"
if [[ -n ${BARE:-} ]]; then
  cp -a "$BARE" "$work/bare"
else
  debootstrap --variant=minbase bookworm "$work/bare" "$mirror" >"$work/debootstrap.log" ||
    fail "debootstrap stopped: $(tail -n 3 "$work/debootstrap.log")"
fi

# Everything that runs in a bare folder has its own mounts, which end with it.
# shellcheck disable=SC2016  # the inner shell expands
inside() {  # FOLDER SCRIPT
  unshare --mount --pid --fork --kill-child bash -euc \
    'mount --bind /dev "$0/dev"; mount -t proc proc "$0/proc"; exec chroot "$0" /usr/bin/env -i HOME=/root \
     PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 /bin/bash -euc "$1"' "$1" "$2"
}

package=$1
if [[ $package == --build ]]; then
  step "build stage"
  cp -a "$work/bare" "$work/build"
  "$root/deploy/source_tree.sh" "$work/build/ams"
  # npm knows no certificates but its own; a network may have some of its own.
  cp /etc/ssl/certs/ca-certificates.crt "$work/build/ca.crt"
  inside "$work/build" "export NODE_EXTRA_CA_CERTS=/ca.crt; /ams/deploy/install_build_packages.sh; cd /ams
    deploy/build_package.sh cpu /package" >"$work/build.log" 2>&1 || fail "the build stage stopped: $(tail -n 30 "$work/build.log")"
  package=$(ls "$work"/build/package/ams_*.deb)
fi
[[ -f $package ]] || fail "no file '$package'"

step "run stage: $(basename "$package"), $(stat -c %s "$package") bytes"
image=$work/bare
mkdir "$image/package"
cp "$package" "$image/package/ams.deb"
cp "$root/deploy/install_package.sh" "$image/package/"
inside "$image" "/package/install_package.sh /package/ams.deb" >"$work/install.log" 2>&1 ||
  fail "the package could not be installed: $(tail -n 30 "$work/install.log")"
rm -r "$image/package"
inside "$image" "dpkg --verify ams" || fail "installed files differ from the package"
missing=$(inside "$image" "ldd /usr/bin/ams" | grep 'not found' || true)
[[ -z $missing ]] || fail "libraries that the package does not depend on: $missing"
for file in LICENSE copyright page-licences.txt deploy.md; do
  [[ -s $image/usr/share/doc/ams/$file ]] || fail "the package has no /usr/share/doc/ams/$file"
done
# A bare folder has no other units: the program's place is taken by one that this machine has.
sed 's,^ExecStart=/usr/bin/ams ,ExecStart=/bin/true ,' "$image/usr/lib/systemd/system/ams.service" >"$work/ams.service"
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify --man=no "$work/ams.service" || fail "systemd finds faults in ams.service"
fi

step "as the image runs it"
# In the place of an installed demo model, so that the program finds it by itself.
mkdir -p "$image/usr/share/ams/models"
cp -r "$root"/tests/golden/data/checkpoints/{acestep-v15-xl-sft,acestep-5Hz-lm-1.7B,Qwen3-Embedding-0.6B,vae} \
  "$image/usr/share/ams/models"
settings=$(sed -n 's/^ENV \(AMS_HOST=.*\)/\1/p' "$root/deploy/Dockerfile")
[[ $settings == *AMS_DATA_DIR=/data* ]] || fail "deploy/Dockerfile has no line ENV AMS_HOST=… AMS_DATA_DIR=/data"
cat >"$image/usr/local/bin/checks" <<'END'
set -euo pipefail
fail() { echo "check_package: $*" >&2; exit 1; }
[[ $(id -u) == 1000 ]] || fail "runs as $(id -u), not as 1000"
! touch /usr/written 2>/dev/null || fail "the root file system can be written"
ams --version
ams models
ams generate "warm lo-fi piano" --duration 5 --seed 1 --json /data/song.json -o /data/song.wav
ams generate "warm lo-fi piano" --duration 5 --seed 1 -o /data/song.mp3
ams info /data/song.wav
(( $(stat -c %s /data/song.wav) > 900000 )) || fail "song.wav is shorter than five seconds"
ams doctor
ams serve &
server=$!
for (( tenths = 0; tenths < 300; ++tenths )); do
  sleep 0.1
  /usr/share/ams/healthcheck.sh 2>/dev/null && break
  kill -0 $server 2>/dev/null || fail "ams serve ended by itself"
done
/usr/share/ams/healthcheck.sh || fail "no answer from /healthz"
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
page=$(sed '1,/^\r$/d' <&3 | gzip -dc) || fail "GET / gives no compressed page"
[[ $page == *"<script"* ]] || fail "the program was built without its page"
kill -TERM $server
wait $server || fail "ams serve ended with $? after SIGTERM"
! /usr/share/ams/healthcheck.sh 2>/dev/null || fail "the health check passes without a server"
END
mkdir -p "$work/data"
chown 1000 "$work/data"
# shellcheck disable=SC2016  # the inner shell expands
unshare --mount --pid --fork --kill-child bash -euc '
  mount --bind "$0" "$0"
  mount --bind /dev "$0/dev"
  mount -t proc proc "$0/proc"
  mount --bind "$1" "$0/data"
  mount -t tmpfs tmpfs "$0/tmp"
  mount -o remount,bind,ro "$0"
  exec chroot --userspec=1000:1000 --groups= "$0" /usr/bin/env -i PATH=/usr/bin:/bin $3 PORT="$2" \
    /bin/bash /usr/local/bin/checks' \
  "$image" "$work/data" "$port" "$settings"

step "removal"
rm -r "$image/usr/share/ams/models" "$image/usr/local/bin/checks"
inside "$image" "dpkg --purge ams" >/dev/null
left=$(find "$image"/usr/{bin,share,lib} -name 'ams' -o -name 'ams.service')
[[ -z $left ]] || fail "left behind: $left"
step "done"
