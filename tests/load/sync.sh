#!/usr/bin/env bash
# How quickly a fresh node synchronises a chain with market traffic: `tests/load/sync.sh [--blocks 10000]`.
#
# One validator makes the chain, while `load market` registers providers that prove in every period, extends agreements and
# transfers money. Slots are of SLOT_MILLIS, 200 without it and shorter than genesis allows, so that 10,000 blocks take half an
# hour; what is in a block does not depend on it. Then a second node, which knows nothing yet, synchronises all blocks and
# executes each. Meanwhile the first makes more. Everything stays on the loopback interface. Run it on an idle machine, after
# `make build`; PROFILE, NODE and LOAD as in common.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "usage: tests/load/sync.sh [--blocks 10000]" >&2; exit 2; }

BLOCKS=10000
while [ $# -gt 0 ]; do
	case $1 in
		--blocks) BLOCKS=${2-}; shift 2 || usage ;;
		*) usage ;;
	esac
done
SLOT_MILLIS=${SLOT_MILLIS:-200}
[[ $BLOCKS =~ ^[1-9][0-9]{0,4}$ && $SLOT_MILLIS =~ ^[1-9][0-9]{0,4}$ ]] || usage
PROVIDERS=50
TRANSFERS=5

# shellcheck source=tests/load/common.sh
source tests/load/common.sh

# The clock refuses odd ones: the least time between two blocks is half a slot.
[ $((SLOT_MILLIS % 2)) = 0 ] || die "SLOT_MILLIS must be even"
# Seconds for the chain to be made, and for the other node: four times what it takes if every slot has a block.
LONGEST=$((BLOCKS * SLOT_MILLIS * 4 / 1000 + 300))
[ $LONGEST -le 86400 ] || die "so many blocks of so long slots may take longer than a day"

# Raw, since no genesis may have slots this short. Nothing else of genesis comes of their length: BABE asks the runtime for it,
# which reads it from the clock.
"$NODE" export-chain-spec --chain dev >"$work/dev.json" 2>"$work/export.log" || die "$(cat "$work/export.log")"
python3 - "$work" <<'PYTHON'
import json, pathlib, sys

work = pathlib.Path(sys.argv[1])
specification = json.loads((work / "dev.json").read_text())
params = specification["genesis"]["runtimeGenesis"]["patch"]["storageProofs"]["params"]
# As long as it may be: the preset's is meant for slots of a second, and one late answer in an hour would spoil the run.
params["windowBlocks"] = params["periodBlocks"] - 1
(work / "plain.json").write_text(json.dumps(specification))
PYTHON
"$NODE" export-chain-spec --raw --chain "$work/plain.json" >"$work/raw.json" 2>"$work/export.log" ||
	die "$(cat "$work/export.log")"
python3 - "$work" "$SLOT_MILLIS" <<'PYTHON' || die "the specification cannot be changed"
import json, pathlib, sys

work, slot_millis = pathlib.Path(sys.argv[1]), int(sys.argv[2])
# twox128("Clock"), twox128("SlotMillis")
KEY = "0x" + "b2e5978ae9cbb1019678e830ca1cdeef" + "202f9296219983959552138bb48a62e0"
encode = lambda millis: "0x" + millis.to_bytes(8, "little").hex()
specification = json.loads((work / "raw.json").read_text())
top = specification["genesis"]["raw"]["top"]
if top.get(KEY) != encode(1_000):
    sys.exit(f"sync: the dev chain's Clock.SlotMillis is {top.get(KEY)} instead of {encode(1_000)}, 1 s")
top[KEY] = encode(slot_millis)
(work / "chain.json").write_text(json.dumps(specification))
PYTHON

best() { # PORT
	curl -sf --max-time 60 -H 'Content-Type: application/json' \
		-d '{"id":1,"jsonrpc":"2.0","method":"chain_getHeader","params":[]}' "http://127.0.0.1:$1" |
		python3 -c 'import json, sys; print(int(json.load(sys.stdin)["result"]["number"], 16))'
}

peer=$(printf %s "$NODE_KEY" | "$NODE" key inspect-node-key 2>"$work/key.log") || die "$(cat "$work/key.log")"
p2p_port=$(free_port)
# So that what is measured does not begin with compiling the runtime: the validator has done so.
export PEOPLES_CLOUD_RUNTIME_CACHE=$work/runtimes
start_node validator "$work/chain.json" --alice --force-authoring --node-key "$NODE_KEY" --allow-private-ip \
	--listen-addr "/ip4/127.0.0.1/tcp/$p2p_port" "${POOL[@]}"
validator=$port
"$LOAD" market --url "ws://127.0.0.1:$validator" --blocks "$BLOCKS" --providers "$PROVIDERS" --transfers "$TRANSFERS" \
	--seconds "$LONGEST" | tee "$work/market.txt"
height=$(best "$validator") || die "the validator does not answer; see $work/validator.log"
echo "sync: the validator's database has $(du -sm "$work/validator/chains" | cut -f1) MiB at block $height"

start_node fresh "$work/chain.json" --name fresh --allow-private-ip --listen-addr /ip4/127.0.0.1/tcp/0 \
	--bootnodes "/ip4/127.0.0.1/tcp/$p2p_port/p2p/$peer"
fresh=$port
python3 - "$fresh" "$height" "$LONGEST" "$work/fresh.log" <<'PYTHON'
import json, statistics, sys, time, urllib.error, urllib.request

port, height, longest, log = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
# Seconds between looks.
PAUSE = 0.2


def ask(method):
    request = json.dumps({"id": 1, "jsonrpc": "2.0", "method": method, "params": []}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}", request, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["result"]


def look():
    """The newest block, or nothing while there is neither a peer nor a block."""
    number = int(ask("chain_getHeader")["number"], 16)
    return number if number > 0 or ask("system_health")["peers"] > 0 else None


# When which block was the newest. The clock starts with the first peer: how long finding it takes is not measured.
marks = []
deadline = time.monotonic() + longest
while not marks or marks[-1][1] < height:
    if time.monotonic() > deadline:
        sys.exit(f"sync: at block {marks[-1][1] if marks else 0} of {height} after {longest} s; see {log}")
    try:
        number = look()
    except TimeoutError:
        continue
    except OSError as error:
        sys.exit(f"sync: the fresh node does not answer ({error}); see {log}")
    if number is not None:
        marks.append((time.monotonic(), number))
    time.sleep(PAUSE)


def reached(number):
    """When a block was the newest, between two looks in proportion."""
    for (start, low), (end, high) in zip(marks, marks[1:]):
        if low <= number <= high and low < high:
            return start + (end - start) * (number - low) / (high - low)
    return marks[-1][0]


first, last = marks[0][1], marks[-1][1]
if first == last:
    sys.exit("sync: there are too few blocks: all were there at the first look")
bounds = [first + (last - first) * third // 3 for third in range(4)]
times = [reached(bound) for bound in bounds]
rates = [
    (high - low) / max(end - start, 0.001)
    for low, high, start, end in zip(bounds, bounds[1:], times, times[1:])
]
seconds = marks[-1][0] - marks[0][0]
print(f"sync: blocks {first} to {last} in {seconds:.1f} s: {(last - first) / seconds:.1f} blocks per second")
print(f"sync: by thirds of the chain {', '.join(f'{rate:.1f}' for rate in rates)}; median {statistics.median(rates):.1f}")
PYTHON

# GiBs that nobody needs any more; reports and logs stay.
stop_nodes
rm -rf "${work:?}/validator" "${work:?}/fresh" "${work:?}/runtimes"
