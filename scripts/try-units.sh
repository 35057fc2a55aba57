#!/usr/bin/env bash
# Tries the systemd units: a chain of one validator, and a provider that registers on it. scripts/test-containers.sh runs it as
# root on a machine of its own, which has the units, the programs, and systemd. Argument: how many files may be open there.
set -euo pipefail

USERS=(peoples-cloud peoples-cloud-provider)
UNITS=(peoples-cloud-node peoples-cloud-provider)
CONFIG=/etc/peoples-cloud
# JSON-RPC of the node, status of the provider.
RPC=http://127.0.0.1:9944
STATUS=http://127.0.0.1:9625/status
DEADLINE=120

breach() {
	echo "try-units: $1" >&2
	journalctl --no-pager --lines 60 >&2
	exit 1
}
# Until the command succeeds.
wait_for() {
	local deadline=$((SECONDS + DEADLINE))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || breach "after $DEADLINE s this is still not so: $*"
		sleep 1
	done
}
property() { systemctl show --property "$2" --value "$1"; }
height() {
	local number
	number=$(curl --silent --max-time 5 --header 'Content-Type: application/json' "$RPC" \
		--data '{"jsonrpc":"2.0","id":1,"method":"chain_getHeader"}' | sed -n 's/.*"number":"\(0x[0-9a-f]*\)".*/\1/p')
	echo $((${number:-0}))
}
is_above() { [ "$(height)" -gt "$1" ]; }
is_registered() { [[ $(curl --silent --max-time 5 "$STATUS") == *'"doing":"registered, active"'* ]]; }
has_restarted() { [ "$(property "$1" NRestarts)" = "$2" ] && systemctl is-active "$1"; }

wait_for systemctl is-system-running
for user in "${USERS[@]}"; do
	id "$user" >/dev/null 2>&1 || useradd --system --home-dir "/var/lib/$user" --shell /usr/sbin/nologin "$user"
done
for unit in "${UNITS[@]}"; do
	mkdir "/etc/systemd/system/$unit.service.d"
	# A machine in a container may not have all that a machine may.
	printf '[Service]\nLimitNOFILE=%s\nOOMScoreAdjust=0\n' "$1" >"/etc/systemd/system/$unit.service.d/machine.conf"
done
systemctl daemon-reload

# As the guides say, on a chain that anybody may begin.
mkdir -p "$CONFIG"
peoples-cloud-node export-chain-spec --chain dev --raw --output "$CONFIG/chain.json" >/dev/null 2>&1 ||
	breach "the chain's specification cannot be exported"
echo 'NODE_OPTIONS=--alice --force-authoring --rpc-methods safe' >"$CONFIG/node.env"
install -d -m 0700 -o peoples-cloud -g peoples-cloud /var/lib/peoples-cloud
runuser -u peoples-cloud -- sh -c "umask 077 && peoples-cloud-node key generate-node-key --chain $CONFIG/chain.json \
	--base-path /var/lib/peoples-cloud" 2>/dev/null || breach "no node key can be made"
install -m 0600 -o peoples-cloud-provider /dev/stdin "$CONFIG/suri" <<<//Bob
cat >"$CONFIG/provider.toml" <<-TOML
	data_dir = "/var/lib/peoples-cloud-provider"
	[account]
	suri_file = "$CONFIG/suri"
	[provider]
	register = true
	bond = "1000"
	operator = "machine"
	[storage]
	capacity = "1GiB"
	price = "0.001"
	[status]
	port = 9625
TOML

# WHEN they are enabled THEN blocks are made, and the provider registers
systemctl enable --now "${UNITS[@]}" 2>/dev/null || breach "the units do not start"
wait_for is_above 2
wait_for is_registered

# AND neither may do more than it needs
for unit in "${UNITS[@]}"; do
	pid=$(property "$unit" MainPID)
	grep -qx 'CapEff:	0*' "/proc/$pid/status" || breach "$unit has capabilities"
	grep -qx 'NoNewPrivs:	1' "/proc/$pid/status" || breach "$unit may gain privileges"
	grep -qx 'Seccomp:	2' "/proc/$pid/status" || breach "$unit may call what it likes"
	for place in /usr "$CONFIG" /var/lib; do
		! nsenter --target "$pid" --mount touch "$place/x" 2>/dev/null || breach "$unit may write to $place"
	done
	[ "$(stat -c %a "/var/lib/$(property "$unit" StateDirectory)")" = 700 ] || breach "others may read what $unit has"
done

# WHEN they are killed THEN they come back, and go on
before=$(height)
for unit in "${UNITS[@]}"; do
	kill -9 "$(property "$unit" MainPID)"
done
for unit in "${UNITS[@]}"; do
	wait_for has_restarted "$unit" 1
done
wait_for is_above "$((before + 2))"
wait_for is_registered

# WHEN they are stopped THEN they end by themselves
systemctl stop "${UNITS[@]}"
for unit in "${UNITS[@]}"; do
	[ "$(property "$unit" Result)" = success ] || breach "$unit ended with $(property "$unit" Result)"
done
