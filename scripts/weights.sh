#!/usr/bin/env bash
# Measures what our pallets' calls cost and writes pallets/*/src/weights.rs: `scripts/weights.sh [PALLET...]`, all by default.
#
# The runtime is built with its benchmarks, apart from everyday builds, and run by the SDK's frame-omni-bencher. Its first
# installation takes about as long as a cold build of this workspace. Run it on an idle machine; STEPS and REPEAT set how
# often each benchmark runs.
set -euo pipefail
cd "$(dirname "$0")/.."

# Of the SDK release that this workspace builds on: it names frame-benchmarking-cli of scripts/sdk-2609.2.0.txt.
BENCHER=0.28.0
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud
TARGET=$CACHE/target-benchmarks
STEPS=${STEPS:-50}
REPEAT=${REPEAT:-20}

pallets=("$@")
if [ ${#pallets[@]} = 0 ]; then
	for benchmarks in pallets/*/src/benchmarking.rs; do
		pallets+=("$(basename "${benchmarks%/src/benchmarking.rs}")")
	done
fi
for pallet in "${pallets[@]}"; do
	if [ ! -f "pallets/$pallet/src/benchmarking.rs" ]; then
		echo "weights: pallets/$pallet has no benchmarks" >&2
		exit 1
	fi
done

bencher=$CACHE/tools/bin/frame-omni-bencher
if [ "$("$bencher" --version 2>/dev/null)" != "frame-omni-bencher $BENCHER" ]; then
	echo "weights: installing frame-omni-bencher $BENCHER"
	# One of its dependencies compiles a runtime of its own: with the same compiler as ours.
	printed=$(scripts/wasm-toolchain.sh --print)
	read -r _ toolchain <<<"$printed"
	if [ -n "$toolchain" ]; then
		export WASM_BUILD_TOOLCHAIN=$toolchain
	fi
	cargo install --locked --root "$CACHE/tools" --target-dir "$TARGET" "frame-omni-bencher@$BENCHER"
fi

cargo build --locked -p peoples-cloud-runtime-wasm --features runtime-benchmarks --target-dir "$TARGET"
runtime=$TARGET/debug/wbuild/peoples-cloud-runtime/peoples_cloud_runtime.wasm

for pallet in "${pallets[@]}"; do
	echo "weights: measuring $pallet"
	"$bencher" v1 benchmark pallet \
		--runtime "$runtime" --genesis-builder-preset dev \
		--pallet "pallet_${pallet//-/_}" --extrinsic '*' --steps "$STEPS" --repeat "$REPEAT" \
		--template scripts/weights-template.hbs --output "pallets/$pallet/src/weights.rs"
done
