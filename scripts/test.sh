#!/usr/bin/env bash
# Format, checks, lints, build and every test. `make test` and continuous integration run this.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%(%H:%M:%S)T)\n' "$1" -1; }

step "format"
cargo fmt --all --check

step "checks of the tree"
scripts/check-tree.sh
scripts/check-sdk-versions.py

step "build, wasm runtime included"
cargo build --locked --workspace

step "lints"
# Lints need no wasm. Built once more for them, it would also make the runtime and the node look out of date afterwards.
SKIP_WASM_BUILD=1 cargo clippy --locked --workspace --all-targets -- -D warnings

step "the next runtime, for tests that upgrade to it"
scripts/next-runtime.sh

step "tests"
cargo nextest run --locked --workspace

step "documentation tests"
cargo test --locked --workspace --doc --quiet
