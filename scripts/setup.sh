#!/usr/bin/env bash
# Installs what a build of this repository needs; `setup.sh --tests` also what its tests need. Safe to run again; quick
# when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(clang libclang-dev protobuf-compiler cmake pkg-config libssl-dev make python3)
# Debian's second compiler: only where rustup cannot download the wasm target.
WASM_PACKAGES=(rustc-web cargo-web rust-web-src lld-22)
# For tests of wrong clocks.
TEST_PACKAGES=(faketime)
# Any newer one may do; this one is known to.
NEXTEST=0.9.143

die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

missing_packages() {
	local package
	for package in "$@"; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
	done
}

install_packages() {
	local missing as_root=()
	missing=$(missing_packages "$@")
	[ -z "$missing" ] && return
	# shellcheck disable=SC2086  # one word a package
	missing=$(echo $missing)
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "these packages are missing, and there is no sudo to install them:" "  apt-get install $missing"
		as_root=(sudo)
	fi
	echo "setup: installing $missing"
	"${as_root[@]}" apt-get update -qq
	# shellcheck disable=SC2086
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

# Where libclang is looked for by those who bind C headers.
has_libclang() {
	local directory
	ldconfig -p 2>/dev/null | grep 'libclang[-.0-9]*\.so' >/dev/null && return
	for directory in "${LIBCLANG_PATH:-}" "$(llvm-config --libdir 2>/dev/null || true)" /usr/lib /usr/lib64 /usr/local/lib \
		/opt/homebrew/opt/llvm/lib /Library/Developer/CommandLineTools/usr/lib; do
		[ -n "$directory" ] && compgen -G "$directory/libclang*.*" >/dev/null && return
	done
	return 1
}

wasm_target() { scripts/wasm-toolchain.sh --print | cut -d' ' -f1; }

check_by_hand() {
	local tool absent=()
	for tool in clang protoc cmake pkg-config make python3; do
		command -v "$tool" >/dev/null || absent+=("$tool")
	done
	has_libclang || absent+=("libclang (or LIBCLANG_PATH)")
	pkg-config --exists openssl 2>/dev/null || [ -n "${OPENSSL_DIR:-}" ] || absent+=("openssl's headers (or OPENSSL_DIR)")
	[ ${#absent[@]} = 0 ] && return
	printf 'setup: this is not a Debian-like system. Install these by hand, then try again:\n' >&2
	printf '  %s\n' "${absent[@]}" >&2
	die "(all that is needed, by Debian's names: ${PACKAGES[*]}; and the Rust target $(wasm_target))"
}

command -v cargo >/dev/null || die "no cargo found; install Rust 1.95 or newer (https://rustup.rs) and try again."
if command -v apt-get >/dev/null; then
	install_packages "${PACKAGES[@]}"
else
	check_by_hand
fi

# What `make test` formats and lints with. Distributions' own compilers come without rustup, and with packages for these.
for pair in rustfmt:fmt clippy:clippy; do
	component=${pair%:*}
	cargo "${pair#*:}" --version >/dev/null 2>&1 && continue
	command -v rustup >/dev/null || die "cargo has no $component, and there is no rustup to add it; install your system's package."
	echo "setup: adding $component"
	rustup component add "$component" >/dev/null 2>&1 || die "rustup cannot add $component; see: rustup component add $component"
done

# The runtime is compiled to wasm: by rustup's target where it can be had, else with Debian's compiler.
if ! reason=$(scripts/wasm-toolchain.sh 2>&1); then
	command -v rustup >/dev/null && command -v apt-get >/dev/null || die "$reason"
	install_packages "${WASM_PACKAGES[@]}"
	scripts/wasm-toolchain.sh
elif [ -n "$reason" ]; then
	echo "$reason"
fi

if [ "${1:-}" = --tests ] && command -v apt-get >/dev/null; then
	install_packages "${TEST_PACKAGES[@]}"
fi
if [ "${1:-}" = --tests ] && ! cargo nextest --version >/dev/null 2>&1; then
	echo "setup: installing cargo-nextest $NEXTEST"
	# A runner of tests needs no optimisation.
	CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_LTO=off cargo install --quiet --locked --debug cargo-nextest \
		--version "$NEXTEST" --no-default-features --features default-no-update \
		--target-dir "${CARGO_TARGET_DIR:-target}/nextest"
fi
