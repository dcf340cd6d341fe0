#!/usr/bin/env bash
# The built-in model from its checkpoints, in one command:
#   training/make_demo.sh [OUT] [--vae DIR] [--model DIR] [--planner DIR]
# OUT (default models/demo) is replaced when the new one is complete: exported, quantised (song model, text encoder,
# planner and the autoencoder's encoder to q8_0; its decoder stays bf16), small enough and able to make a song.
# PYTHON names an interpreter with PyTorch, AMS the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=models/demo
if [[ ${1:-} != "" && ${1:-} != --* ]]; then out=$1; shift; fi
program=${AMS:-./ams}
limit=30000000

fail() { echo "make_demo: $*" >&2; exit 1; }

# The first interpreter with PyTorch.
python=
for candidate in "${PYTHON:-python3}" /usr/bin/python3; do
  if "$candidate" -c 'import torch' 2>/dev/null; then python=$candidate; break; fi
done
[[ -n $python ]] || fail "no interpreter with PyTorch; install python3-torch or set PYTHON"

mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/.demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$python" -m training.export --out "$work/full" "$@"

# `ams quantise` copies the small files beside a GGUF file that goes into another folder.
for part in "$work"/full/*/; do
  name=$(basename "$part")
  mkdir -p "$work/demo/$name"
  "$program" quantise "$part" --format q8_0 -o "$work/demo/$name/model-q8_0.gguf"
done

size=$(find "$work/demo" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
((size <= limit)) || fail "$size bytes, at most $limit are allowed; use fewer or smaller layers"

chmod 755 "$work/demo"
"$program" generate "gentle piano" --duration 10 --inference-steps 8 --seed 1 --device cpu -q \
  --model "$work/demo" -o "$work/try.wav" --json "$work/try.json"
grep -q '"acestep-5Hz-lm-demo"' "$work/try.json" || fail "the planner of the new model was not used"

rm -rf "$out"
mv "$work/demo" "$out"
echo "$out: $size bytes"
