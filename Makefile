# Seven words: check, test, fix, demo, bench, fuzz, doc.
.PHONY: check test fix demo bench fuzz doc

NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)

# Formatting, lints (warnings are errors), licences and walls between crates.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo fetch --locked && cargo deny --offline check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install cargo-deny)"; fi

# What of a board's tests runs a second time, with the ledger in PostgreSQL.
ON_POSTGRES := package(switchboard) & (binary(failures) | binary(usage) | binary(diff))

# Installs what the tests need, then runs all of them.
test:
	sh e2e/install
ifeq ($(NEXTEST),yes)
	cargo nextest run --workspace --no-fail-fast
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	set -x; TEST_LEDGER=postgres cargo nextest run --workspace --no-fail-fast -E '$(ON_POSTGRES)'; \
	else echo "skipped: PostgreSQL is not installed"; fi
else
	cargo test --workspace --no-fail-fast
	@echo "skipped: boards on PostgreSQL run with cargo-nextest"
endif
	sh e2e/run

fix:
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

demo:
	cargo run --release -- demo

# The table of docs/performance.md, by its method.
bench:
	sh bench/run

# A minute for each parser of foreign bytes.
fuzz:
	sh fuzz/run

doc:
	cargo doc --workspace --no-deps
