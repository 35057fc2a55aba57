#!/usr/bin/env bash
# Provides a compiler for the runtime's `wasm32v1-none` target and prints nothing else than what it does. With `--print` it only
# prints how to compile for it: the target's name, and the name of the toolchain that has it if the active one has not.
#
# 1. The active toolchain has the target: nothing to do.
# 2. The toolchain of step 4 was made before, of the compiler that is installed now: nothing to do.
# 3. `rustup target add` can download the target: done.
# 4. Else, or called with `--from-debian`: Debian's own compiler (`rustc-web`, `cargo-web`) builds `core` and `alloc` from
#    Debian's sources (`rust-web-src`) once, into a private sysroot that is linked as the rustup toolchain
#    `peoples-cloud-wasm`. `wasm-toolchain.rs` picks that toolchain for runtimes alone.
set -euo pipefail

TARGET=wasm32v1-none
TOOLCHAIN=peoples-cloud-wasm
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud
SYSROOT=$CACHE/wasm-sysroot
# Of which compiler the sysroot was made: another one cannot read its libraries.
STAMP=$SYSROOT/made-by

has_target() { [ -n "$(find "$("$@" --print target-libdir --target $TARGET 2>/dev/null)" -name 'libcore-*.rlib' 2>/dev/null)" ]; }
is_made() {
	[ -x "$SYSROOT/bin/rustc" ] && [ "$(cat "$STAMP" 2>/dev/null)" = "$(/usr/bin/rustc -vV 2>/dev/null)" ] \
		&& has_target "$SYSROOT/bin/rustc" && rustup toolchain list | grep "^$TOOLCHAIN" >/dev/null
}

from_debian=
case ${1:-} in
"") ;;
--from-debian) from_debian=yes ;;
--print)
	if has_target rustc; then echo "$TARGET"; else echo "$TARGET $TOOLCHAIN"; fi
	exit
	;;
*)
	echo "wasm-toolchain: takes --from-debian or --print, not $1" >&2
	exit 1
	;;
esac
if [ -z "$from_debian" ] && has_target rustc; then
	exit 0
fi
if ! command -v rustup >/dev/null; then
	echo "wasm target $TARGET: the compiler $(command -v rustc || echo "(none found)") does not have it, and there is no rustup to add it." >&2
	echo "Install rustup (https://rustup.rs), or your system's package of Rust's $TARGET target." >&2
	exit 1
fi
if is_made; then
	exit 0
fi
if [ -z "$from_debian" ] && rustup target add $TARGET >/dev/null 2>&1 && has_target rustc; then
	echo "wasm target $TARGET: added by rustup"
	exit 0
fi
for needed in /usr/bin/rustc /usr/bin/cargo /usr/bin/lld-22 /usr/lib/rustlib/src/rust/library/core; do
	if [ ! -e "$needed" ]; then
		echo "wasm target $TARGET: cannot be downloaded, and $needed is missing." >&2
		echo "Install it with rustup (rustup target add $TARGET), or Debian's rustc-web cargo-web rust-web-src lld-22." >&2
		exit 1
	fi
done

echo "wasm target $TARGET: building core and alloc with $(/usr/bin/rustc --version)"
host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
rm -rf "$SYSROOT"
mkdir -p "$SYSROOT/bin" "$SYSROOT/lib/rustlib/$host/bin" "$SYSROOT/lib/rustlib/$TARGET/lib"
ln -s "/usr/lib/rustlib/$host/lib" "$SYSROOT/lib/rustlib/$host/lib"
ln -s /usr/lib/rustlib/src "$SYSROOT/lib/rustlib/src"
ln -s /usr/bin/lld-22 "$SYSROOT/lib/rustlib/$host/bin/rust-lld"
ln -s /usr/bin/cargo "$SYSROOT/bin/cargo"
printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$SYSROOT" >"$SYSROOT/bin/rustc"
chmod +x "$SYSROOT/bin/rustc"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"
printf '[package]\nname = "seed"\nversion = "0.0.0"\nedition = "2021"\n[lib]\n[profile.release]\npanic = "abort"\n' >"$work/Cargo.toml"
printf '#![no_std]\nextern crate alloc;\n' >"$work/src/lib.rs"
# Bitcode must be embedded, or the runtime's link-time optimisation fails for want of `.llvmbc`.
(cd "$work" && env -u CARGO_TARGET_DIR -u RUSTUP_TOOLCHAIN RUSTC="$SYSROOT/bin/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS='-C embed-bitcode=yes' \
	/usr/bin/cargo build --quiet --release --target $TARGET -Z build-std=core,alloc --target-dir "$work/target")
cp "$work/target/$TARGET/release/deps/"lib{core,alloc,compiler_builtins}-*.rlib "$SYSROOT/lib/rustlib/$TARGET/lib/"
rustup toolchain link $TOOLCHAIN "$SYSROOT"
/usr/bin/rustc -vV >"$STAMP"
# What another compiler left there cannot be linked with this one's output, and cargo does not see the change.
rm -rf "${CARGO_TARGET_DIR:-$CACHE/target}"/*/wbuild
echo "wasm target $TARGET: ready as rustup toolchain $TOOLCHAIN"
