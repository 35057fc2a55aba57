# shellcheck shell=bash disable=SC2034 # What is set here is for those who source it.
# What compare.sh and sync.sh share; sourced by them, in the repository's root. Sets `work`, a directory whose content stays,
# and ends all nodes that it started with the script.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}
# PROFILE=release takes optimised programs, if they were built; NODE and LOAD name others.
PROFILE=${PROFILE:-debug}
NODE=${NODE:-$CARGO_TARGET_DIR/$PROFILE/peoples-cloud-node}
LOAD=${LOAD:-$CARGO_TARGET_DIR/$PROFILE/load}
# Two blocks of transfers and more may wait.
POOL=(--pool-limit 65536 --pool-kbytes 131072)
# A key that is no secret: nobody connects who should not.
NODE_KEY=0000000000000000000000000000000000000000000000000000000000000001
# Seconds for a node to start, and to end.
PATIENCE=120

name=$(basename "$0" .sh)

die() { printf "$name: %s\n" "$@" >&2; exit 1; }

for program in "$NODE" "$LOAD"; do
	[ -x "$program" ] || die "$program is not there; run \`make build\` first"
done

work=$(mktemp -d)
echo "$name: reports and logs in $work"

pids=()
stop_nodes() {
	local pid deadline=$((SECONDS + PATIENCE))
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do
		while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	pids=()
}
trap stop_nodes EXIT

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_node NAME SPECIFICATION FLAGS...: a node with the base path and the log of that name, its RPC's port in `port`.
start_node() {
	local node=$1 specification=$2 deadline=$((SECONDS + PATIENCE)) pid
	shift 2
	port=$(free_port)
	"$NODE" --chain "$specification" --base-path "$work/$node" --rpc-port "$port" --no-mdns --no-prometheus \
		--no-telemetry "$@" >"$work/$node.log" 2>&1 &
	pid=$!
	pids+=("$pid")
	until listens "$port"; do
		kill -0 "$pid" 2>/dev/null || die "the node $node ended:" "$(tail -n 20 "$work/$node.log")"
		[ $SECONDS -lt $deadline ] || die "the node $node does not listen after $PATIENCE s; see $work/$node.log"
		sleep 0.2
	done
}
