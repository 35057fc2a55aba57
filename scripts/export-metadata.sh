#!/usr/bin/env bash
# Writes the runtime's metadata to client/metadata.scale and its indices to tests/runtime/indices.txt. The test that
# does it compares them in every other run. Afterwards read the difference: indices may only be added.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}

# The whole workspace is named so that dependencies are built with the same features as everywhere else.
UPDATE_SNAPSHOT=1 cargo test --quiet --locked --workspace --test runtime -- indices::
echo "wrote client/metadata.scale ($(stat -c %s client/metadata.scale) bytes) and tests/runtime/indices.txt"
