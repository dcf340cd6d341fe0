#!/usr/bin/env bash
# Measures the quantised formats at the official size on a card, in one call:
#   scripts/measure_formats.sh OUTPUT_DIR [CUDA_ARCHITECTURES]
# Builds as scripts/measure_gpu.sh does (also on a bare machine with .gpu/), makes a random checkpoint in
# WEIGHTS_DIR (default: build/gpu/weights; 25 GB, deleted afterwards) and writes the table to OUTPUT_DIR/formats.md:
# weights, time of a guided step, cosine and error after 27 steps at guidance 7 against bf16. Where PyTorch is there,
# OUTPUT_DIR/parity.txt says how close PyTorch's own bf16 and the program's implementations come to PyTorch in fp32
# (reference/full_size.py).
# CONFIG=xl-sft FRAMES=1500 (60 s) say what is measured. AMS_CUDA=OFF DEVICE=cpu CONFIG=tiny FRAMES=128 BF16=0 tries the script itself.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$(mkdir -p "$1" && cd "$1" && pwd)
build=$root/build/gpu
config=${CONFIG:-xl-sft}
weights=${WEIGHTS_DIR:-$build/weights}

# A golden case that fails there does not stop this.
BENCH=off "$root/scripts/measure_gpu.sh" "$output" "${2:-native}" || echo "measure_gpu.sh ended with $?"
libraries=$root/build/gpu-system/usr/lib/x86_64-linux-gnu
[ ! -d "$libraries" ] || export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
cmake --build "$build" --target bench_formats
trap 'rm -rf "$weights/parity" "$weights/acestep-v15-$config" "$weights"/{vae,Qwen3-Embedding-0.6B} "$weights"/acestep-5Hz-lm-*' EXIT
mkdir -p "$weights"
"$build/bench/bench_formats" "$weights" --make "$config" --device "${DEVICE:-cuda}" --frames "${FRAMES:-1500}" |
  tee "$output/formats.md"

python3 -c 'import torch' 2>/dev/null || exit 0
cd "$root"
python3 -m reference.full_size "$weights/acestep-v15-$config" "$weights/parity" --frames "${FRAMES:-1500}" \
  ${BF16:+--bf16 "$BF16"} | tee "$output/parity.txt"
for implementation in ${IMPLEMENTATIONS:-ggml native}; do
  echo "== $implementation, bf16"
  # Every case exceeds the tolerance, which is that of fp32.
  "$build/tests/golden/golden_check" "$weights/parity" --device "${DEVICE:-cuda}" --impl "$implementation" --precision bf16 || true
done | tee -a "$output/parity.txt"
