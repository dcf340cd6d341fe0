#!/bin/bash
# Builds the Debian package of this checkout: deploy/build_package.sh [cpu|cuda] [OUTPUT_DIR]
# It lands in OUTPUT_DIR (default: the build folder). AMS_CMAKE_ARGS adds CMake options.
# Needs the packages that install_build_packages.sh installs, and nvcc for cuda.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-cpu} in
  cpu) preset=package ;;
  cuda) preset=package-cuda ;;
  *) echo "build_package: '$1' is no variant, expected cpu or cuda" >&2; exit 2 ;;
esac
output=${2:-build/$preset}

scripts/fetch_ggml.sh
scripts/fetch_node.sh
# shellcheck disable=SC2086  # AMS_CMAKE_ARGS is a list of words
cmake --preset "$preset" ${AMS_CMAKE_ARGS:-}
cmake --build --preset "$preset" --target ams
mkdir -p "$output"
rm -f "$output"/ams*.deb
(cd "build/$preset" && cpack -B packages)
mv "build/$preset"/packages/*.deb "$output"
ls "$output"/ams*.deb
