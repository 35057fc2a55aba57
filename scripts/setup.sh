#!/usr/bin/env bash
# Installs what a build of this repository needs. Safe to run again; quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(clang libclang-dev protobuf-compiler cmake pkg-config libssl-dev make python3)
# Debian's second compiler: only where rustup cannot download the wasm target.
WASM_PACKAGES=(rustc-web cargo-web rust-web-src lld-22)
TARGET=wasm32v1-none

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing_packages() {
	local package
	for package in "$@"; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
	done
}

install_packages() {
	local missing
	missing=$(missing_packages "$@")
	[ -z "$missing" ] && return
	echo "setup: installing $(echo $missing)"
	as_root apt-get update -qq
	# shellcheck disable=SC2086  # one word a package
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

if ! command -v cargo >/dev/null; then
	echo "setup: no cargo found; install Rust 1.95 or newer (https://rustup.rs) and try again." >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	for tool in clang protoc cmake pkg-config python3; do
		command -v $tool >/dev/null || absent="${absent:-} $tool"
	done
	if [ -n "${absent:-}" ]; then
		echo "setup: this is not a Debian-like system. Install these by hand, then try again:$absent" >&2
		echo "setup: (packages on Debian: ${PACKAGES[*]}; and the Rust target $TARGET)" >&2
		exit 1
	fi
else
	install_packages "${PACKAGES[@]}"
fi

# The runtime is compiled to wasm: by rustup's target where it can be had, else with Debian's compiler.
if ! scripts/wasm-toolchain.sh 2>/dev/null; then
	command -v apt-get >/dev/null && install_packages "${WASM_PACKAGES[@]}"
	scripts/wasm-toolchain.sh
fi

if ! cargo nextest --version >/dev/null 2>&1; then
	echo "setup: installing cargo-nextest"
	cargo install --quiet --locked cargo-nextest --target-dir "${CARGO_TARGET_DIR:-target}/nextest"
fi
