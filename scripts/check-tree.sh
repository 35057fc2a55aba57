#!/usr/bin/env bash
# Rules of the tree that no compiler checks. Prints every breach, then fails.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
breach() { echo "check-tree: $1" >&2; failed=1; }

# First, and not in a substitution where its failure would pass unseen: a check of no files is none.
if ! files=$(git ls-files -co --exclude-standard) || [ -z "$files" ]; then
	echo "check-tree: git cannot list the files of $PWD (an unknown owner? see git's safe.directory)" >&2
	exit 1
fi

# Every crate has its line in docs/layout.md.
while read -r member; do
	grep -q "\`$member/\?\`" docs/layout.md || breach "docs/layout.md has no line for $member"
done < <(sed -n '/^members = \[/,/^\]/p' Cargo.toml | grep -oE '"[^"]+"' | tr -d '"')

# Files stay readable.
while read -r lines file; do
	breach "$file has $lines lines; split it by concept (limit 1,000)"
done < <(grep -E '\.rs$' <<<"$files" | grep -vE '(weights|generated)[^/]*\.rs$' | while read -r file; do
	# Deleted files are listed until that is committed.
	if [ -f "$file" ]; then wc -l "$file"; fi
done | awk '$1 > 1000 {print $1, $2}')

# Deprecated FRAME stays out.
if hits=$(grep -rnE 'validate_unsigned|SignedExtension|ReservableCurrency|LockableCurrency|RuntimeDebug|construct_runtime!|type RuntimeEvent: From' pallets runtime --include='*.rs'); then
	breach "deprecated FRAME items: $hits"
fi
for pallet in pallets/*/src/lib.rs; do
	grep -q storage_version "$pallet" || breach "$pallet declares no storage version"
done

# The daemons know the chain through metadata and primitives only: `name = ...`, `name.workspace = ...`,
# `[dependencies.name]`, `other = { package = "name" }`, of any kind and for any target.
CHAIN='(peoples-cloud-(runtime|node)|pallet-[a-z]|frame-(support|system|executive|benchmarking|try-runtime)|polkadot-sdk|sc-[a-z])'
for crate in client client/cli offchain-workers/*; do
	if grep -nE "^[[:space:]]*\"?$CHAIN|dependencies\\.\"?$CHAIN|package[[:space:]]*=[[:space:]]*\"$CHAIN" "$crate/Cargo.toml"; then
		breach "$crate depends on the runtime or the node"
	fi
done

# Copies of the repository that share a target directory share what is compiled: a path in it may be another copy's.
if hits=$(grep -rn --include='*.rs' 'env!("CARGO_MANIFEST_DIR")' . --exclude-dir=node_modules --exclude-dir=.venv); then
	breach "a path is compiled in; tests run in their package's directory: $hits"
fi

# Rustdoc takes seconds for each crate to find that it has no examples, so nobody asks it: an example between fences is a test.
while read -r place; do
	breach "$place is an example that nobody runs: make it a test, or say \`\`\`text"
done < <(git ls-files -z -co --exclude-standard -- '*.rs' | xargs -0 -r awk '
	FNR == 1 { inside = 0 }
	/^[ \t]*\/\/[\/!][ \t]*```/ { if (!inside && $0 !~ /```[a-z,]*(text|ignore)/) print FILENAME ":" FNR; inside = !inside }')

# What the Makefile runs is there.
while read -r script; do
	[ -x "$script" ] || breach "the Makefile runs $script, which is not there or not executable"
done < <(grep -oE 'scripts/[A-Za-z0-9._-]+' Makefile | sort -u)

# Shell scripts parse.
for script in $(git ls-files -co --exclude-standard -- '*.sh') .ci/run; do
	bash -n "$script" || breach "$script does not parse"
done

# What operators get.
scripts/check-operations.sh || failed=1

exit $failed
