#!/usr/bin/env bash
# Runs the scenarios in zombienet/ on the nodes that are built: all, the one that is named, or the `short` ones.
set -euo pipefail
cd "$(dirname "$0")/../zombienet"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}

scenario=${1:-}
if [ -z "$scenario" ] || [ "$scenario" = upgrade ]; then
	NEXT_RUNTIME=$(../scripts/next-runtime.sh)
	export NEXT_RUNTIME
fi
case $scenario in
"") which=() ;;
short) which=(--profile short) ;;
*) which=(-E "test($scenario)") ;;
esac
exec cargo nextest run --locked --target-dir "$CARGO_TARGET_DIR/zombienet" "${which[@]}"
