#!/usr/bin/env bash
# Builds the engine for CUDA, checks it against golden data and measures it:
#   scripts/measure_gpu.sh GOLDEN_DIR OUTPUT_DIR [CUDA_ARCHITECTURES]
# Needs CMake, ninja, nvcc and the engine's libraries only (AMS_ENGINE_ONLY), no audio libraries.
# AMS_CMAKE_ARGS adds options, for example -DCMAKE_PREFIX_PATH=… where libraries lie elsewhere.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
golden=$1
output=$2
architectures=${3:-native}
build=$root/build/gpu
mkdir -p "$output"

# shellcheck disable=SC2086  # AMS_CMAKE_ARGS is a list of words
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DAMS_ENGINE_ONLY=ON \
  -DAMS_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES="$architectures" ${AMS_CMAKE_ARGS:-}
cmake --build "$build" --target golden_check bench_engine
check=$build/tests/golden/golden_check
bench=$build/bench/bench_engine

status=0
"$check" "$golden" --device cuda >"$output/golden_cuda.txt" || status=$?
tail -n 1 "$output/golden_cuda.txt"
for seconds in 60 240; do
  "$bench" --config xl-sft --stage dit --duration "$seconds" --device cuda >"$output/dit_$seconds.json"
done
"$bench" --config xl-sft --stage decode --duration 60 --device cuda >"$output/decode_60.json"
"$bench" --config xl-sft --stage planner --duration 60 --device cuda >"$output/planner.json"
exit "$status"
