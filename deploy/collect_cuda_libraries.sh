#!/bin/bash
# Copies the toolkit's libraries that the built program needs at run time: deploy/collect_cuda_libraries.sh FOLDER
# The driver's own library is not among them: it comes from the machine that the image runs on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
libraries=${CUDA_HOME:-/usr/local/cuda}/lib64
mkdir -p "$1"

# Takes a library and, since cuBLAS loads a second one, what that needs.
take() {
  local name
  for name in $(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }'); do
    [[ -e $libraries/$name && ! -e $2/$name ]] || continue
    cp -L "$libraries/$name" "$2/$name"
    take "$2/$name" "$2"
  done
}
take build/package-cuda/bin/ams "$1"
ls "$1"
