#!/usr/bin/env bash
# subxt's command line against a node: `subxt.sh [URL]`, with the node's WebSocket URL, or with NODE_URL. Takes the program
# that setup.sh installs, or SUBXT. It reads and encodes; it can neither sign nor follow blocks.
set -euo pipefail
cd "$(dirname "$0")"

SUBXT=${SUBXT:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/tools/bin/subxt}
NODE_URL=${1:-${NODE_URL:-}}
# Seconds for one command: several times what the longest takes, which is generating code.
LIMIT_S=60
# The workspace's subxt: another version may take other arguments.
VERSION=$(sed -nE 's/^subxt = .*version = "([0-9.]+)".*/\1/p' ../../Cargo.toml)
# //Alice, in the form that values have for subxt: her key's bytes.
ALICE="(212,53,147,199,21,253,211,28,97,20,26,189,4,169,159,214"
ALICE+=",130,44,133,88,133,76,205,227,154,86,132,231,165,109,162,125)"

die() {
	echo "subxt: FAILED: $1" >&2
	exit 1
}

# check NAME ARGUMENTS... -- PATTERNS...: runs subxt; its answer, without colours, must match every pattern.
check() {
	local name=$1 arguments=() answer pattern
	shift
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	answer=$(timeout "$LIMIT_S" "$SUBXT" "${arguments[@]}" 2>&1 </dev/null | sed 's/\x1b\[[0-9;]*m//g') ||
		die "$name: $(tail -c 2000 <<<"$answer")"
	for pattern in "$@"; do
		grep -qE -- "$pattern" <<<"$answer" || die "$name: nothing matches $pattern in: $(tail -c 2000 <<<"$answer")"
	done
	echo "subxt: ok: $name"
}

explore() {
	local name=$1
	shift
	check "$name" explore --url "$NODE_URL" "$@"
}

[ -x "$SUBXT" ] || die "$SUBXT is not there: run setup.sh, or name the program as SUBXT"
[ -n "$NODE_URL" ] || die "name the node's WebSocket URL: as the argument, or as NODE_URL"

check "version" version -- "^subxt-cli ${VERSION//./\\.}-"
explore "decode metadata" -- '^ +Marketplace$' '^ +Providers$' '^ +RuntimeViewFunction$'
# What our own client is made of, and the node's: the same names, and the same shape of everything.
check "no difference from client/metadata.scale" diff ../../client/metadata.scale "$NODE_URL" -- '^No difference'
explore "prefix of addresses" pallet System constants SS58Prefix -- '^ +42$'
explore "storage" pallet System storage Account --execute "$ALICE" -- 'free: [1-9][0-9]+'
explore "storage of ours" pallet Providers storage Params --execute -- 'min_bond: [1-9][0-9]+'
explore "runtime interface" api AccountNonceApi account_nonce --execute "$ALICE" -- 'Returned value:' '^ +[0-9]+$'
explore "runtime interface, a structure" api Core version --execute -- 'spec_name: [(]"peoples-cloud"[)]'
explore "call" pallet Balances calls transfer_keep_alive "{ dest: Id($ALICE), value: 1 }" -- '^ +0x[0-9a-f]+$'
explore "call of ours" pallet Marketplace calls close '{ agreement: 1 }' -- '^ +0x[0-9a-f]+$'
explore "event of ours" pallet Providers events Registered -- 'peer_id' 'bond'
# Errors are named in generated code only.
check "generated code, with our errors" codegen --url "$NODE_URL" -- 'pub mod marketplace' 'UnknownAgreement'
echo "subxt: passed"
