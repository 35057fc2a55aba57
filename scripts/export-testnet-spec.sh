#!/usr/bin/env bash
# Writes the testnet's raw chain specification to operations/chain/testnet.json, from the preset and the runtime as they are
# built. The test that does it compares them in every other run. Once a network has been launched from the file, another file
# is another network.
#
# The runtime is in it, compressed, and makes up nearly all of its 2.3 MB: nodes start from one file and nothing else. The test
# wants it anew when genesis, the runtime's version or its metadata changes; what changes inside of a call it cannot see, since
# compilers differ. Whoever launches a network from it writes it once more before, and from then on compares it with that release:
the network goes on by upgrades, not by another file.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/target}

# The whole workspace is named so that dependencies are built with the same features as everywhere else.
UPDATE_SNAPSHOT=1 cargo test --quiet --locked --workspace --test system -- testnet::specification
echo "wrote operations/chain/testnet.json ($(stat -c %s operations/chain/testnet.json) bytes)"
