#!/usr/bin/env bash
# Installs what a build of this repository needs; `setup.sh --tests` also what its tests need, and `setup.sh --containers` what
# runs containers. Safe to run again; quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(clang libclang-dev protobuf-compiler cmake pkg-config libssl-dev make python3)
# Debian's second compiler: only where rustup cannot download the wasm target.
WASM_PACKAGES=(rustc-web cargo-web rust-web-src lld-22)
# For tests of wrong clocks.
TEST_PACKAGES=(faketime)
# For tests of the ecosystem's clients in Python, and of what operators get: without them, those are left out.
OPTIONAL_PACKAGES=(python3-venv python3-yaml nftables)
# For the test of the containers, where there is no Docker: netavark and aardvark-dns make podman's networks, and debootstrap the
# image that ours is made of, if no registry has it.
CONTAINER_PACKAGES=(podman runc netavark aardvark-dns iptables debootstrap)
# Nobody waits for long for what is optional.
IMPATIENT=(-o Acquire::Retries=0 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15)
# Where subxt's command line is too, see tests/clients/setup.sh.
TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/tools
# Any newer one may do; this one is known to.
NEXTEST=0.9.143

die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

# Runs it as root, if that can be had.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		command -v sudo >/dev/null && sudo "$@"
	fi
}

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
	# shellcheck disable=SC2086  # one word a package
	missing=$(echo $missing)
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		die "these packages are missing, and there is no sudo to install them:" "  apt-get install $missing"
	echo "setup: installing $missing"
	as_root apt-get update -qq
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

# Asks for a package's version; with new lists where there are none.
offered() {
	local version
	version=$(apt-cache policy "$1" | awk '/Candidate:/ { print $2 }')
	if [ -z "$version" ] || [ "$version" = '(none)' ]; then
		as_root apt-get update -qq "${IMPATIENT[@]}" >/dev/null 2>&1 || return 0
		version=$(apt-cache policy "$1" | awk '/Candidate:/ { print $2 }')
	fi
	echo "${version#"(none)"}"
}

# For the tests of the ecosystem's clients. Nothing here fails: without it, or where the distribution's is too old, they are
# skipped, and tests/clients/setup.sh says so.
install_nodejs() {
	local version
	if ! command -v node >/dev/null; then
		version=$(offered nodejs)
		[ -n "$version" ] || return 0
		dpkg --compare-versions "$version" ge "$(sed -n 's/^OLDEST_NODE=//p' tests/clients/setup.sh)" || return 0
		(install_packages nodejs) || return 0
	fi
	# Some packages of Node.js bring it, and refuse Debian's.
	command -v npm >/dev/null || (install_packages npm) || return 0
}

# Tries rules and alerts of operations/monitoring. Debian has it in the package of Prometheus, which would start a service:
# the program is taken out of it. Nothing here fails: scripts/check-operations.sh says what it leaves out.
install_promtool() {
	local work
	if command -v promtool >/dev/null || [ -x "$TOOLS/bin/promtool" ]; then return; fi
	echo "setup: fetching promtool, out of the package prometheus"
	mkdir -p "$TOOLS/bin"
	work=$(mktemp -d)
	if { fetch_prometheus "$work" || { as_root apt-get update -qq && fetch_prometheus "$work"; }; } >/dev/null 2>&1; then
		dpkg-deb --fsys-tarfile "$work"/prometheus_*.deb | tar -x -C "$work" ./usr/bin/promtool &&
			mv "$work/usr/bin/promtool" "$TOOLS/bin/promtool"
	fi
	rm -rf "$work"
}

fetch_prometheus() { (cd "$1" && apt-get download -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=15 prometheus); }

# Nothing here fails: scripts/test-containers.sh says what it misses.
install_containers() {
	docker info >/dev/null 2>&1 || (install_packages "${CONTAINER_PACKAGES[@]}") || true
	docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || (install_packages docker-compose) || true
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
	(install_packages "${OPTIONAL_PACKAGES[@]}") || true
	install_nodejs
	install_promtool || true
fi
if [ "${1:-}" = --containers ] && command -v apt-get >/dev/null; then
	install_containers
fi
if [ "${1:-}" = --tests ] && ! cargo nextest --version >/dev/null 2>&1; then
	echo "setup: installing cargo-nextest $NEXTEST"
	# A runner of tests needs no optimisation.
	CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_LTO=off cargo install --quiet --locked --debug cargo-nextest \
		--version "$NEXTEST" --no-default-features --features default-no-update \
		--target-dir "${CARGO_TARGET_DIR:-target}/nextest"
fi
