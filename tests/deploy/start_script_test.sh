#!/bin/bash
# shellcheck disable=SC2016  # bodies of stand-ins expand where they run
# How ./ams configures a build, with stand-ins for everything that it calls: start_script_test.sh CHECKOUT
# Notes what cmake is told on machines with and without NVIDIA's compiler and cards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{scripts,cmake,bin,toolkit/bin,build/release/bin}
cp "$1/ams" "$work/ams"
touch -d '1 hour ago' "$work/scripts/packages.txt" "$work/cmake/ggml.lock"
failures=0

stand_in() {  # PATH BODY
  printf '#!/bin/bash\n%s\n' "$2" >"$1"
  chmod +x "$1"
}
for name in scripts/fetch_ggml.sh scripts/fetch_node.sh; do stand_in "$work/$name" 'exit 0'; done
stand_in "$work/bin/dpkg-query" 'exit 0'
stand_in "$work/bin/ninja" 'echo "no work to do"'
stand_in "$work/bin/cmake" "echo \"\$*\" >>$work/calls"
stand_in "$work/build/release/bin/ams" 'echo "program $*"'
nvcc_body='[[ $1 == --list-gpu-arch ]] && printf "compute_%s\n" 75 80 86 89 90'

# CASE EXPECTED ARGUMENTS…: the one call of cmake, or none.
expect() {
  local case=$1 expected=$2 got
  shift 2
  : >"$work/calls"
  env -u AMS_DEVICE AMS_CMAKE_ARGS="${AMS_ARGS:-}" PATH="$work/bin:/usr/bin:/bin" CUDA_HOME="$work/toolkit" \
    "$work/ams" "$@" >"$work/output" 2>&1 || { echo "$case: ./ams failed: $(<"$work/output")"; failures=$((failures + 1)); }
  got=$(<"$work/calls")
  if [[ $got != "$expected" ]]; then
    printf '%s:\n  expected: %s\n  got:      %s\n' "$case" "$expected" "$got"
    failures=$((failures + 1))
  fi
}
# Machines that have NVIDIA's own tools in these folders cannot stand for one without.
if PATH=/usr/bin:/bin command -v nvcc nvidia-smi >/dev/null; then echo "NVIDIA's tools are here: skipped"; exit 77; fi

plain='--preset release'
cuda="$plain -DAMS_CUDA=ON -DCMAKE_CUDA_COMPILER=$work/toolkit/bin/nvcc"
expect 'no toolkit' "$plain" serve
expect 'no toolkit, again' '' serve
expect 'no toolkit, a card is asked for' '' serve --device cuda
stand_in "$work/toolkit/bin/nvcc" "$nvcc_body"
expect 'a toolkit without a card' "$plain" serve
expect 'a toolkit without a card, asked for' "$cuda -DCMAKE_CUDA_ARCHITECTURES=75;80;86;89;90" serve --device cuda
expect 'with CUDA already' '' serve --device=cuda
expect 'what was built stays' '' serve
rm "$work/build/release/.set_up"
stand_in "$work/bin/nvidia-smi" '[[ $1 == -L ]] && { echo "GPU 0"; exit; }; printf "9.0\n8.6\n9.0\n"'
expect 'cards of two kinds' "$cuda -DCMAKE_CUDA_ARCHITECTURES=86;90" serve
rm "$work/build/release/.set_up"
stand_in "$work/bin/nvidia-smi" '[[ $1 == -L ]] && { echo "GPU 0"; exit; }; echo "Field is not valid"; exit 2'
expect 'a driver that names no architecture' "$cuda -DCMAKE_CUDA_ARCHITECTURES=native" serve
stand_in "$work/bin/nvcc" "$nvcc_body"
expect 'another toolkit' "$plain -DAMS_CUDA=ON -DCMAKE_CUDA_COMPILER=$work/bin/nvcc -DCMAKE_CUDA_ARCHITECTURES=native" serve
rm "$work/bin/nvcc" "$work/toolkit/bin/nvcc"
expect 'the toolkit is gone' "$plain -DAMS_CUDA=OFF" serve
AMS_ARGS=-DAMS_WERROR=ON expect 'options of the user come last' "$plain -DAMS_WERROR=ON" serve
[[ $failures == 0 ]] && echo "all as expected"
exit "$((failures > 0))"
