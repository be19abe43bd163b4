# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help demo test quick lint bench fuzz docs build

CARGO ?= cargo
DEMO_BINARY := target/release/quorate
FUZZ_SECONDS ?= 60

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

build: ## the program, optimised: target/release/quorate
	@scripts/setup build
	$(CARGO) build --release --locked

demo: ## a whole ceremony, told as a story (make demo DIR=… keeps it there)
	@scripts/setup demo
	@$(CARGO) build --release --locked --quiet
	@scripts/demo $(DEMO_BINARY) $(DIR)

test: ## all tests, formatting and lints included
	@scripts/setup test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings
	$(CARGO) test --workspace --locked --no-fail-fast

quick: ## the tests that start no outside programs, under a minute
	@scripts/setup build
	$(CARGO) test --locked --quiet --lib --test drafts -- --skip world::gpg
	$(CARGO) test --locked --quiet --test story -- ceremony:: submissions:: answers:: --skip commit_types

lint: ## formatting, clippy, shellcheck, and cargo-deny where it is installed
	@scripts/setup lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	shellcheck -x -a scripts/setup scripts/demo .ci/run docs/release-job.sh src/publish/succession.sh \
	  scripts/openssl-perl
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	  else echo "cargo-deny isn't installed; left out"; fi

bench: ## the rows of docs/benchmarks.md, measured beside their peers
	@scripts/setup bench
	$(CARGO) build --release --locked --bin quorate --examples
	$(CARGO) build --release --locked -p quorate-share --example recombine
	scripts/bench $(DEMO_BINARY)

fuzz: ## a minute for each fuzz target (needs cargo-fuzz; FUZZ_SECONDS=… for longer)
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz isn't installed: cargo install cargo-fuzz"; exit 1; }
	cd shares-format && RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run text -- -max_total_time=$(FUZZ_SECONDS)
	for target in draft record manifest channel team import offer attestation; do \
	  RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; done

docs: ## the library's documentation
	@scripts/setup build
	$(CARGO) doc --workspace --no-deps --locked
