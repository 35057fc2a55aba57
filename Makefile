# Every target does its own set-up and is safe to run again.
SHELL := bash
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/peoples-cloud/target
export CARGO_TERM_COLOR ?= auto

.PHONY: help
help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 16

.PHONY: setup
setup: ## installs what a build needs: system packages, compiler components, wasm target
	@scripts/setup.sh

.PHONY: setup-tests
setup-tests: ## the same, the test runner, and what tests use
	@scripts/setup.sh --tests

.PHONY: build
build: setup ## node, provider daemon and command line, wasm runtime included
	cargo build --locked --workspace

.PHONY: demo
demo: build ## the storage cloud's story on a real file (DEMO_FILE=path)
	@scripts/demo.sh

.PHONY: test
test: setup-tests ## format, checks, lints, build, every test
	@scripts/test.sh

.PHONY: zombienet
zombienet: build setup-tests ## scenarios on networks of several nodes (SCENARIO=name for one, or short)
	@scripts/zombienet.sh $(SCENARIO)

.PHONY: containers
containers: build ## container image, compose file and systemd units, each run for real
	@scripts/setup.sh --containers
	@scripts/test-containers.sh

.PHONY: format
format: ## formats the code
	cargo fmt --all
	find tests/next-runtime -name '*.rs' -exec rustfmt --edition 2021 {} +

.PHONY: lint
lint: setup ## lints as `make test` does
	SKIP_WASM_BUILD=1 cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: bench
bench: build ## criterion benches
	cargo bench --locked --workspace --profile dev

.PHONY: weights
weights: setup ## regenerates the pallets' weights by benchmark
	@scripts/weights.sh

.PHONY: metadata
metadata: build ## regenerates client/metadata.scale from the runtime
	@scripts/export-metadata.sh

.PHONY: testnet-spec
testnet-spec: build ## regenerates operations/chain/testnet.json from the preset
	@scripts/export-testnet-spec.sh
