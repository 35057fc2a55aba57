#!/usr/bin/env bash
# Rules of the tree that no compiler checks. Prints every breach, then fails.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
breach() { echo "check-tree: $1" >&2; failed=1; }

# Every crate has its line in docs/layout.md.
while read -r member; do
	grep -q "\`$member/\?\`" docs/layout.md || breach "docs/layout.md has no line for $member"
done < <(sed -n '/^members = \[/,/^\]/p' Cargo.toml | grep -oE '"[^"]+"' | tr -d '"')

# Files stay readable.
while read -r lines file; do
	breach "$file has $lines lines; split it by concept (limit 1,000)"
done < <(git ls-files -co --exclude-standard '*.rs' | grep -vE '(weights|generated)[^/]*\.rs$' | xargs wc -l | awk '$2 != "total" && $1 > 1000 {print $1, $2}')

# Deprecated FRAME stays out.
if hits=$(grep -rnE 'validate_unsigned|SignedExtension|ReservableCurrency|LockableCurrency|RuntimeDebug|construct_runtime!|type RuntimeEvent: From' pallets runtime --include='*.rs'); then
	breach "deprecated FRAME items: $hits"
fi
for pallet in pallets/*/src/lib.rs; do
	grep -q storage_version "$pallet" || breach "$pallet declares no storage version"
done

# The daemons know the chain through metadata and primitives only.
for crate in client client/cli offchain-workers/*; do
	if grep -nE '^(peoples-cloud-(runtime|node)|pallet-|frame|sc-)' "$crate/Cargo.toml"; then
		breach "$crate depends on the runtime or the node"
	fi
done

# Shell scripts parse.
for script in scripts/*.sh .ci/run; do bash -n "$script" || breach "$script does not parse"; done

exit $failed
