#!/usr/bin/env bash
# Builds the engine for CUDA, checks it against golden data and measures it:
#   scripts/measure_gpu.sh OUTPUT_DIR [CUDA_ARCHITECTURES]
# Needs CMake, ninja and nvcc, and the engine's libraries (AMS_ENGINE_ONLY; no audio libraries). On a bare
# machine those come from .gpu/, which scripts/gpu_carry.sh has filled elsewhere.
# GOLDEN_DIR (default: that of .gpu, else ../shared/golden) is the folder of golden cases, CMAKE_OPTIONS are added.
# AMS_CUDA=OFF DEVICE=cpu BENCH=off tries the script itself where there is no card.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$1
architectures=${2:-native}
build=$root/build/gpu
golden=${GOLDEN_DIR:-$root/../shared/golden}
options=(-DCMAKE_BUILD_TYPE=Release -DAMS_ENGINE_ONLY=ON "-DAMS_CUDA=${AMS_CUDA:-ON}" "-DCMAKE_CUDA_ARCHITECTURES=$architectures")
mkdir -p "$output"

# Unpacks what gpu_carry.sh collected; the packages go beside the machine's own, not over them.
unpack() {
  local system=$root/build/gpu-system libraries
  mkdir -p "$system" "$build"
  for package in "$root"/.gpu/packages/*.deb; do dpkg -x "$package" "$system"; done
  libraries=$system/usr/lib/x86_64-linux-gnu
  # Debian's links point to /lib/...; make them point into the unpacked tree.
  find "$libraries" -lname '/*' | while read -r link; do
    ln -sfn "$system$(readlink "$link" | sed 's,^/lib/,/usr/lib/,')" "$link"
  done
  [ ! -d "$system/lib" ] || cp -an "$system"/lib/. "$system/usr/lib/"
  export PKG_CONFIG="$system/usr/bin/pkgconf" PKG_CONFIG_SYSROOT_DIR="$system"
  export PKG_CONFIG_LIBDIR="$libraries/pkgconfig:$system/usr/share/pkgconfig"
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  tar -C "$build" -xzf "$root/.gpu/ggml.tar.gz"
  options+=("-DCMAKE_PREFIX_PATH=$system/usr" "-DOPENSSL_ROOT_DIR=$system/usr" "-DAMS_GGML_DIR=$build/ggml"
    "-DOPENSSL_INCLUDE_DIR=$system/usr/include;$system/usr/include/x86_64-linux-gnu"
    "-DPKG_CONFIG_EXECUTABLE=$PKG_CONFIG")
  golden=$build/golden
  mkdir -p "$golden"
  cp -r "$root"/tests/golden/data/. "$golden"
  tar -C "$golden" -xzf "$root/.gpu/golden.tar.gz"
}

[ ! -d "$root/.gpu" ] || unpack
# shellcheck disable=SC2086  # CMAKE_OPTIONS is a list of words
cmake -S "$root" -B "$build" -G Ninja "${options[@]}" ${CMAKE_OPTIONS:-}
cmake --build "$build" --target golden_check bench_engine
check=$build/tests/golden/golden_check
bench=$build/bench/bench_engine

# One measurement: a failure is noted and the next one runs all the same.
status=0
measure() {
  local name=$1
  shift
  "$bench" --config xl-sft --device "${DEVICE:-cuda}" "$@" >"$output/$name.txt" 2>&1 || status=$?
  tail -n 12 "$output/$name.txt"
}

"$check" "$golden" --device "${DEVICE:-cuda}" >"$output/golden.txt" 2>&1 || status=$?
grep -E '^(FAILED|SKIPPED)' "$output/golden.txt" || true
tail -n 1 "$output/golden.txt"

# Our own kernels: the recorded passes with bf16 weights, then the same under the sanitizer. Adapters run on ggml.
if [ "${AMS_CUDA:-ON}" = ON ]; then
  "$check" "$golden" --impl native --device cuda --filter 'dit/*' >"$output/golden_native.txt" 2>&1 || status=$?
  grep -E '^(FAILED|SKIPPED)' "$output/golden_native.txt" || true
  tail -n 1 "$output/golden_native.txt"
  if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck; do
      compute-sanitizer --tool "$tool" --error-exitcode 9 "$check" "$golden" --impl native --device cuda \
        --filter dit/forward_odd >"$output/sanitizer_$tool.txt" 2>&1 || status=$?
      tail -n 2 "$output/sanitizer_$tool.txt"
    done
  else
    echo "compute-sanitizer is not there: not run" | tee "$output/sanitizer.txt"
  fi
fi
if [ "${BENCH:-on}" = on ]; then
  for seconds in 60 240; do
    for impl in ggml native; do
      [ "$impl" = ggml ] || [ "${AMS_CUDA:-ON}" = ON ] || continue
      measure "dit_${seconds}_$impl" --stage dit --duration "$seconds" --impl "$impl"
    done
  done
  measure decode_60 --stage decode --duration 60
  measure planner --stage planner --duration 60
fi
exit "$status"
