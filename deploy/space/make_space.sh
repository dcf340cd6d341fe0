#!/bin/bash
# Writes the tree that is pushed to a Space: deploy/space/make_space.sh OUTPUT_DIR [COMMIT]
# The sources of COMMIT (default HEAD) with the Space's README at the root, and a Dockerfile whose last stage, which a
# Space builds, is TARGET (default cuda).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
output=$1
"$root/deploy/source_tree.sh" "$output" "${2:-HEAD}"
cp "$output/deploy/space/README.md" "$output/README.md"
{ cat "$output/deploy/Dockerfile"; printf '\nFROM %s\n' "${TARGET:-cuda}"; } >"$output/Dockerfile"
