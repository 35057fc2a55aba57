#!/usr/bin/env bash
# Compiles this tree's runtime with the next spec_version and a migration, as the next release might have them, and with the
# checks that `try-runtime` runs: for tests that upgrade to it. Prints the blob's path, and nothing else on stdout. Minutes at
# first, less than one when a pallet has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

place=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}/next-runtime
source=$place/source
blob=$place/runtime.wasm

scripts/wasm-toolchain.sh >&2
printed=$(scripts/wasm-toolchain.sh --print)
read -r target toolchain <<<"$printed"

# A copy, so that nothing that is built here is ever taken for this tree's own. In it are two things more, as the next release
# might have them: its version, and a versioned migration, whose files `tests/next-runtime` has at the places where they
# belong. Files whose content is the same keep their time, so that they are not compiled again; files that are gone go.
git ls-files -z -co --exclude-standard -- . ':!zombienet' | python3 -c '
import os, pathlib, re, sys

copy, added = pathlib.Path(sys.argv[1]), "tests/next-runtime/"
# By file: what must be there once, and what stands there instead.
edits = {
    "runtime/src/lib.rs": [
        (rb"^\tspec_version: ([0-9]+),$", lambda found: b"\tspec_version: %d," % (int(found[1]) + 1)),
    ],
    "runtime/src/migrations.rs": [(
        # After those that the runtime has already, however many they are.
        rb"^pub type SingleBlockMigrations = ([^;]*);$",
        rb"pub type SingleBlockMigrations = (\1, pallet_reputation::migrations::v1::MigrateToV1<crate::Runtime>);",
    )],
    "pallets/reputation/src/lib.rs": [
        # The migration is from this version to the next. Once the tree has one of its own, ours must follow.
        (
            rb"^\tconst STORAGE_VERSION: StorageVersion = StorageVersion::new\(0\);$",
            rb"\tconst STORAGE_VERSION: StorageVersion = StorageVersion::new(1);",
        ),
        (rb"^pub mod weights;$", rb"pub mod migrations;\npub mod weights;"),
    ],
    # Without what macros and build scripts want of the same crates.
    "Cargo.toml": [(b"^resolver = \"1\"$", b"resolver = \"2\"")],
}

listed = [name for name in sys.stdin.read().split("\0") if os.path.isfile(name)]
# By place in the copy: the file it is from.
sources = {name: name for name in listed if not name.startswith(added)}
for name in listed:
    place = name.removeprefix(added)
    if sources.setdefault(place, name) != name:
        sys.exit(f"next-runtime: {place} is in the tree already, {name} would hide it")
# Deepest first: what was a folder may be a file now, and the other way round.
for old in sorted(copy.rglob("*"), reverse=True):
    if old.is_file() and str(old.relative_to(copy)) not in sources:
        old.unlink()
    elif old.is_dir() and not any(old.iterdir()):
        old.rmdir()
for place, source in sources.items():
    content = pathlib.Path(source).read_bytes()
    for pattern, text in edits.pop(place, []):
        content, found = re.subn(pattern, text, content, flags=re.MULTILINE)
        if found != 1:
            sys.exit(f"next-runtime: {place} has {found} times, not once: {pattern.decode()}")
    file = copy / place
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
if edits:
    sys.exit("next-runtime: to be edited, and not there: " + ", ".join(edits))
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
