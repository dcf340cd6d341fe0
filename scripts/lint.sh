#!/usr/bin/env bash
# Formatting, clang-tidy and shellcheck over our own files: scripts/lint.sh [BUILD_FOLDER] [FILE.cpp …]
# clang-tidy looks at the product's sources unless files are named (tests: scripts/lint.sh build/release
# $(git ls-files 'tests/*.cpp'), some ten minutes); the build folder (default build/release) must be configured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-build/release}
shift $(($# > 0 ? 1 : 0))

git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format --dry-run -Werror

if [[ $# -gt 0 ]]; then
  sources=("$@")
else
  # Code for cards needs CUDA's headers, or those of an emulator that clang-tidy 14 cannot read.
  mapfile -t sources < <(git ls-files 'src/*.cpp' ':!src/cuda' ':!src/nets/cuda_*' ':!src/nets/native_*_cuda.cpp')
fi
# clang-tidy counts the suppressed warnings of system headers on stderr; only findings matter.
printf '%s\0' "${sources[@]}" |
  xargs -0 -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet 2>/dev/null ||
  { echo "lint: clang-tidy has findings (above)" >&2; exit 1; }

if command -v shellcheck >/dev/null; then shellcheck ams .ci/run scripts/*.sh tests/deploy/*.sh deploy/*.sh deploy/space/*.sh deploy/debian/p*; fi
