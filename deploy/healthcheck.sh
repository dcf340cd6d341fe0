#!/bin/bash
# Ends with 0 if the studio on this machine answers /healthz. Needs nothing but bash, so that images need no curl.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-7860}"
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 5 answer <&3
[[ $answer == "HTTP/1.1 200 "* ]]
