# Seven words: check, test, fix, demo, bench, fuzz, doc.
.PHONY: check test fix demo bench fuzz doc

NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)

# Formatting, lints (warnings are errors), licences and walls between crates.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo fetch --locked && cargo deny --offline check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install cargo-deny)"; fi

# Installs what the tests need, then runs all of them.
test:
	sh e2e/install
ifeq ($(NEXTEST),yes)
	cargo nextest run --workspace --no-fail-fast
else
	cargo test --workspace --no-fail-fast
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
