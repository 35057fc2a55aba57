#!/usr/bin/env bash
# How many transfers the chain's runtime takes, compared with the smallest runtime that the same node runs
# (`bare-runtime`): `tests/load/compare.sh [flags of load transfers...]`.
#
# One validator at a time on the loopback interface, both runtimes twice in turn, with production's slots of 6 s: each run
# starts from genesis. Run it on an idle machine, after `make build`; PROFILE, NODE and LOAD as in common.sh. Reports and logs
# stay in the directory that is printed first.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/load/common.sh
source tests/load/common.sh

BARE=tests/load/bare-runtime
BARE_TARGET=$CARGO_TARGET_DIR/bare-runtime

options=("$@")
if [ ${#options[@]} = 0 ]; then
	options=(--senders 12000 --count 200000 --seconds 120)
fi

# The versions that the chain's own runtime is made of.
[ -f "$BARE/Cargo.lock" ] || cp Cargo.lock "$BARE/Cargo.lock"
build=()
if [ "$PROFILE" != debug ]; then
	build=(--profile "$PROFILE")
fi
cargo build --manifest-path "$BARE/Cargo.toml" --target-dir "$BARE_TARGET" "${build[@]}"
wasm=
for form in compact.compressed.wasm compact.wasm wasm; do
	candidate=$BARE_TARGET/$PROFILE/wbuild/bare-runtime/bare_runtime.$form
	if [ -f "$candidate" ]; then
		wasm=$candidate
		break
	fi
done
[ -n "$wasm" ] || die "the build left no wasm in $BARE_TARGET/$PROFILE/wbuild/bare-runtime"

# Both from the network for development: its validator, its people and their money.
"$NODE" export-chain-spec --chain dev >"$work/dev.json" 2>"$work/export.log" || die "$(cat "$work/export.log")"
python3 - "$work" "$wasm" <<'PYTHON'
import copy, json, pathlib, sys

work, wasm = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ours = json.loads((work / "dev.json").read_text())
genesis = ours["genesis"]["runtimeGenesis"]
# Production's lengths, which the bare runtime has as constants.
genesis["patch"]["clock"]["slotMillis"] = 6_000
genesis["patch"]["clock"]["epochSlots"] = 2_400

bare = copy.deepcopy(ours)
bare |= {"name": "Bare", "id": "bare", "protocolId": "bare"}
session = [
    [account, validator, {name: keys[name] for name in ("babe", "grandpa")}]
    for account, validator, keys in genesis["patch"]["session"]["keys"]
]
bare["genesis"] = {
    "runtimeGenesis": {
        "code": "0x" + wasm.read_bytes().hex(),
        "patch": {"balances": {"balances": genesis["patch"]["balances"]["balances"]}, "session": {"keys": session}},
    }
}
for name, specification in (("ours", ours), ("bare", bare)):
    (work / f"{name}.json").write_text(json.dumps(specification))
PYTHON

for run in 1 2; do
	for network in ours bare; do
		echo "compare: $network, run $run"
		start_node "$network-$run" "$work/$network.json" --alice --force-authoring --node-key "$NODE_KEY" \
			--listen-addr /ip4/127.0.0.1/tcp/0 "${POOL[@]}"
		"$LOAD" transfers --url "ws://127.0.0.1:$port" --json "${options[@]}" >"$work/$network-$run.report.json"
		stop_nodes
		rm -rf "${work:?}/$network-$run"
	done
done

python3 - "$work" <<'PYTHON'
import json, pathlib, statistics, sys

work = pathlib.Path(sys.argv[1])
rows = {
    "a block (median)": lambda report: report["what"]["per_block"]["median"],
    "a block (most)": lambda report: report["what"]["per_block"]["max"],
    "a second": lambda report: report["what"]["per_second"],
    "weight taken (median)": lambda report: report["chain"]["fill"]["median"],
}
runs = {
    network: [json.loads((work / f"{network}-{run}.report.json").read_text()) for run in (1, 2)]
    for network in ("ours", "bare")
}
print(f"{'transfers':<24}{'ours':>20}{'bare':>20}{'ours / bare':>14}")
for name, read in rows.items():
    values = {network: [read(report) for report in reports] for network, reports in runs.items()}
    mean = {network: statistics.mean(of) for network, of in values.items()}
    cells = "".join(f"{' and '.join(f'{value:.4g}' for value in values[network]):>20}" for network in ("ours", "bare"))
    ratio = f"{mean['ours'] / mean['bare']:.3f}" if mean["bare"] else "-"
    print(f"{name:<24}{cells}{ratio:>14}")
PYTHON
