#!/usr/bin/env bash
# Compiles this tree's runtime with the next spec_version, as the next release would have it, and with the checks that
# `try-runtime` runs: for tests that upgrade to it. Prints the blob's path, and nothing else on stdout. Minutes at first, less
# than one when a pallet has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

place=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}/next-runtime
source=$place/source
blob=$place/runtime.wasm

scripts/wasm-toolchain.sh >&2
printed=$(scripts/wasm-toolchain.sh --print)
read -r target toolchain <<<"$printed"

# A copy, so that nothing that is built here is ever taken for this tree's own. Files whose content is the same keep their
# time, so that they are not compiled again; files that are gone go.
git ls-files -z -co --exclude-standard -- . ':!zombienet' | python3 -c '
import os, pathlib, re, sys

copy = pathlib.Path(sys.argv[1])
wanted = {name for name in sys.stdin.read().split("\0") if os.path.isfile(name)}
# Deepest first: what was a folder may be a file now, and the other way round.
for old in sorted(copy.rglob("*"), reverse=True):
    if old.is_file() and str(old.relative_to(copy)) not in wanted:
        old.unlink()
    elif old.is_dir() and not any(old.iterdir()):
        old.rmdir()
for name in wanted:
    content = pathlib.Path(name).read_bytes()
    if name == "runtime/src/lib.rs":
        following = lambda found: b"\tspec_version: %d," % (int(found[1]) + 1)
        content, versions = re.subn(rb"^\tspec_version: ([0-9]+),$", following, content, flags=re.MULTILINE)
        if versions != 1:
            sys.exit("next-runtime: runtime/src/lib.rs names no spec_version")
    if name == "Cargo.toml":
        # Without what macros and build scripts want of the same crates.
        content, resolvers = re.subn(rb"^resolver = \"1\"$", b"resolver = \"2\"", content, flags=re.MULTILINE)
        if resolvers != 1:
            sys.exit("next-runtime: Cargo.toml names no resolver")
    file = copy / name
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
' "$source"

# What substrate-wasm-builder compiles a runtime with, but little optimised: it is compiled sooner, and runs for minutes.
env -u CARGO_TARGET_DIR SKIP_WASM_BUILD=1 \
	RUSTFLAGS='-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory --cfg substrate_runtime' \
	CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
	${toolchain:+rustup run "$toolchain"} cargo rustc --locked --quiet --manifest-path "$source/Cargo.toml" \
	--package peoples-cloud-runtime --lib --crate-type cdylib --no-default-features --features try-runtime --release \
	--target "$target" --target-dir "$place/cargo" >&2
cp "$place/cargo/$target/release/peoples_cloud_runtime.wasm" "$blob"
echo "$blob"
