#!/usr/bin/env bash
# Installs the clients of these tests in the pinned versions: beside them, and subxt's command line, which is compiled, where
# all copies of the repository find it. Safe to run again; quick when all is there.
# Exits with 3, and one line on stderr, where Node.js or Python is missing or too old, or no package registry can be reached:
# the tests are skipped then.
set -euo pipefail
cd "$(dirname "$0")"

SKIPPED=3
# Older ones cannot load PAPI's code generator.
OLDEST_NODE=20.19
# The workspace's subxt: another version may take other arguments.
SUBXT_VERSION=$(sed -nE 's/^subxt = .*version = "([0-9.]+)".*/\1/p' ../../Cargo.toml)
TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/tools
# Lines of a failed installer's output that are shown.
TAIL_LINES=20

die() { echo "clients: $1" >&2; exit 1; }

skip() { echo "clients: the tests of the ecosystem's clients are SKIPPED: $1" >&2; exit "$SKIPPED"; }

# Asks each registry for a package that is needed of it anyway; without retries, which would take minutes.
ask_registries() {
	has_subxt || CARGO_NET_RETRY=0 CARGO_HTTP_TIMEOUT=15 cargo info --quiet "subxt-cli@$SUBXT_VERSION" >/dev/null 2>&1 ||
		skip "crates.io cannot be reached, so subxt-cli cannot be installed"
	# From an empty cache: the other one may still know the answer.
	npm view smoldot version --cache "$work/npm" --fetch-retries=0 --fetch-timeout=15000 >/dev/null 2>&1 ||
		skip "the npm registry cannot be reached, so the JavaScript clients cannot be installed"
	.venv/bin/pip download --retries 0 --timeout 15 --no-cache-dir --no-deps --dest "$work" six >/dev/null 2>&1 ||
		skip "PyPI cannot be reached, so substrate-interface cannot be installed"
}

# Runs an installer quietly.
install() {
	"$@" >"$work/log" 2>&1 && return
	# A registry may have gone meanwhile.
	if [ -x .venv/bin/pip ]; then ask_registries; fi
	tail -n "$TAIL_LINES" "$work/log" >&2
	die "failed: $*"
}

has_subxt() { [ "$("$TOOLS/bin/subxt" version 2>/dev/null | cut -d- -f1,2)" = "subxt-cli $SUBXT_VERSION" ]; }

command -v cargo >/dev/null || die "cargo is missing"
for tool in node npm python3 flock; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
node_version=$(node -p process.versions.node)
printf '%s\n' "$OLDEST_NODE" "$node_version" | sort --check=quiet --version-sort ||
	skip "Node.js is $node_version; $OLDEST_NODE or newer is needed"
python3 -c 'import ensurepip, venv' 2>/dev/null || skip "python3 has no venv (Debian's package python3-venv)"

# Tests run beside each other, and each may be the first.
exec 9>.setup.lock
flock 9

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The environment of Python is bound to its path and its interpreter.
stamp=$(sha256sum package.json package-lock.json requirements.txt; echo "$PWD"; node --version; python3 --version)
if ! { [ -d node_modules ] && [ -d .venv ] && [ "$stamp" = "$(cat .setup.stamp 2>/dev/null)" ]; }; then
	rm -f .setup.stamp
	echo "clients: installing into $PWD"
	install python3 -m venv --clear .venv
	ask_registries
	# Some of PAPI's packages ask for Node.js 22, which npm mentions only; they work with the version above.
	install npm ci --ignore-scripts --no-audit --no-fund
	# Compiles nothing: there are wheels of all of them.
	install .venv/bin/pip install --disable-pip-version-check --only-binary :all: --no-deps --requirement requirements.txt
	install .venv/bin/pip check
	echo "$stamp" >.setup.stamp
fi

if ! has_subxt; then
	echo "clients: compiling subxt-cli $SUBXT_VERSION"
	# Little optimised: it is compiled sooner, and runs for seconds.
	export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=0
	install cargo install --locked --debug --root "$TOOLS" --target-dir "$work/subxt" "subxt-cli@$SUBXT_VERSION"
fi
