#!/usr/bin/env bash
# Collects in .gpu/ what a bare machine with a card lacks, so that the checkout can be sent there and
# scripts/measure_gpu.sh can build: ggml's source, the engine's libraries as Debian packages, and the
# golden data of DIR (its networks and loops). About 25 MB. Needs apt; run it on Debian 12.
#   scripts/gpu_carry.sh [GOLDEN_DIR]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
golden=$(cd "${1:-$root/../shared/golden}" && pwd)
carry=$root/.gpu
# The libraries behind the development packages come along: the other machine may have other versions.
packages=(nlohmann-json3-dev libcli11-dev libspdlog-dev libspdlog1.10 libfmt-dev libfmt9 libssl-dev libssl3
  libpcre2-dev libpcre2-8-0 libpcre2-16-0 libpcre2-32-0 libpcre2-posix3 libutf8proc-dev libutf8proc2 libzip-dev
  libzip4 libbz2-dev libbz2-1.0 zlib1g-dev zlib1g libzstd-dev libzstd1 liblzma-dev liblzma5 pkgconf pkgconf-bin
  libpkgconf3)

"$root/scripts/fetch_ggml.sh"
mkdir -p "$carry/packages"
(cd "$carry/packages" && apt-get download -q "${packages[@]}" >&2)
tar -C "$root/third_party" -czf "$carry/ggml.tar.gz" ggml
# Stems run on the processor and tokenizers have no card either: those cases stay here. Files that the
# checkout's own subset has are not carried twice; measure_gpu.sh lays both over each other.
(cd "$golden" && find . -type f | grep -vE '^\./(demucs|tokenizer|official_tensors|checkpoints/htdemucs)/' |
  while read -r file; do cmp -s "$file" "$root/tests/golden/data/$file" || echo "$file"; done |
  tar -czf "$carry/golden.tar.gz" --files-from=-)
du -sh "$carry"
