#!/usr/bin/env bash
# Runs the demo on DEMO_FILE, or on the first file of 64 MiB or more among those that any such machine has.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

file=${DEMO_FILE:-}
if [ -z "$file" ]; then
	for candidate in "$target/debug/peoples-cloud-node" "$(rustc --print sysroot)"/lib/librustc_driver-*.so; do
		if [ -f "$candidate" ] && [ "$(stat -c %s "$candidate")" -ge $((64 << 20)) ]; then
			file=$candidate
			break
		fi
	done
fi
if [ ! -f "$file" ] || [ ! -s "$file" ]; then
	echo "demo: ${file:-no file of 64 MiB found}: not a file with content; set DEMO_FILE=path" >&2
	exit 1
fi
exec "$target/debug/demo" "$file"
