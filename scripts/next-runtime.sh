#!/usr/bin/env bash
# Compiles this tree's runtime with the next spec_version, as the next release would have it, and with the checks that
# `try-runtime` runs: for tests that upgrade to it. Prints the blob's path, and nothing else on stdout. Minutes at first, less
# than one when a pallet has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=wasm32v1-none
# The toolchain that scripts/wasm-toolchain.sh makes where rustup cannot add the target.
FALLBACK_TOOLCHAIN=peoples-cloud-wasm
place=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}/next-runtime
source=$place/source
blob=$place/runtime.wasm

scripts/wasm-toolchain.sh >&2
toolchain=()
libraries=$(rustc --print target-libdir --target $TARGET 2>/dev/null || true)
if [ -z "$libraries" ] || [ -z "$(find "$libraries" -name 'libcore-*.rlib' 2>/dev/null)" ]; then
	toolchain=(rustup run $FALLBACK_TOOLCHAIN)
fi

# A copy, so that nothing that is built here is ever taken for this tree's own. Files that have not changed keep their
# time, so that they are not compiled again; files that are gone go.
mkdir -p "$source"
list=$place/files
git ls-files -z -co --exclude-standard -- . ':!zombienet' | while IFS= read -r -d '' file; do
	if [ -f "$file" ]; then printf '%s\0' "$file"; fi
done | LC_ALL=C sort -z > "$list"
(cd "$source" && find . -type f -printf '%P\0') | LC_ALL=C sort -z | LC_ALL=C comm -z -13 "$list" - \
	| (cd "$source" && xargs -0 -r rm -f)
xargs -0 cp --parents --preserve=timestamps,mode --update -t "$source" < "$list"

version=$(sed -n 's/^\tspec_version: \([0-9]*\),$/\1/p' runtime/src/lib.rs)
[ -n "$version" ] || { echo "next-runtime: runtime/src/lib.rs names no spec_version" >&2; exit 1; }
if grep -q "^	spec_version: $version,$" "$source/runtime/src/lib.rs"; then
	sed -i "s/^\tspec_version: $version,$/\tspec_version: $((version + 1)),/" "$source/runtime/src/lib.rs"
fi

# Without what macros and build scripts want of the same crates.
sed -i 's/^resolver = "1"$/resolver = "2"/' "$source/Cargo.toml"

# What substrate-wasm-builder compiles a runtime with, but little optimised: it is compiled sooner, and runs for minutes.
env -u CARGO_TARGET_DIR SKIP_WASM_BUILD=1 \
	RUSTFLAGS='-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory --cfg substrate_runtime' \
	CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
	"${toolchain[@]}" cargo rustc --locked --quiet --manifest-path "$source/Cargo.toml" --package peoples-cloud-runtime \
	--lib --crate-type cdylib --no-default-features --features try-runtime --release --target $TARGET \
	--target-dir "$place/cargo" >&2
cp "$place/cargo/$TARGET/release/peoples_cloud_runtime.wasm" "$blob"
echo "$blob"
