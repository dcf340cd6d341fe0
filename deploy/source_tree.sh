#!/bin/bash
# Writes what an image is built from: deploy/source_tree.sh OUTPUT_DIR [COMMIT]
# The committed sources (default: HEAD) without the folders that .dockerignore leaves out.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$1
mkdir -p "$output"
[[ -z $(ls -A "$output") ]] || { echo "source_tree: $output is not empty" >&2; exit 2; }
git -C "$root" archive "${2:-HEAD}" | tar -x -C "$output"
# Whole folders by name only; the patterns are for what git does not have anyway.
grep -xE '[a-z/]+' "$root/.dockerignore" | while read -r folder; do rm -rf "${output:?}/$folder"; done
