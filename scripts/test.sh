#!/usr/bin/env bash
# Format, checks, lints, build and every test. `make test` and continuous integration run this.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%(%H:%M:%S)T)\n' "$1" -1; }

step "format"
cargo fmt --all --check
# Of no crate here: the next runtime's copy has them.
find tests/next-runtime -name '*.rs' -exec rustfmt --check --edition 2021 {} +

# What is left out is said once more at the end.
left_out=$(mktemp)
trap 'rm -f "$left_out"' EXIT

step "checks of the tree"
scripts/check-tree.sh | tee "$left_out"
scripts/check-sdk-versions.py

step "build, wasm runtime included; beside it the next runtime, for tests that upgrade to it"
# They share nothing, and each has stretches in which it keeps one processor only busy.
next_log=$(mktemp)
# In a process group of its own, so that its compiler ends with it.
set -m
scripts/next-runtime.sh >"$next_log" 2>&1 &
next=$!
set +m
trap '[ -z "$next" ] || kill -- "-$next" 2>/dev/null || true; rm -f "$next_log" "$left_out"' EXIT
cargo build --locked --workspace

step "lints"
# Lints need no wasm. Built once more for them, it would also make the runtime and the node look out of date afterwards.
SKIP_WASM_BUILD=1 cargo clippy --locked --workspace --all-targets -- -D warnings

if ! wait "$next"; then
	next=
	cat "$next_log" >&2
	exit 1
fi
next=

step "the ecosystem's clients, for a test that runs them"
# Without Node.js or a registry it says so and ends with 3: that test is skipped.
clients=0
tests/clients/setup.sh || clients=$?
case $clients in
0) ;;
3) echo "SKIPPED: the tests of the ecosystem's clients, since they cannot be installed here" | tee -a "$left_out" ;;
*) exit "$clients" ;;
esac

step "tests"
cargo nextest run --locked --workspace

if [ -s "$left_out" ]; then
	step "what was not tested here"
	cat "$left_out"
fi
