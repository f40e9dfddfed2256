# The front door. A newcomer needs two commands on a bare Debian 12: "make run" and "make test".
VAR ?= var
PORT ?= 8080
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600

# Debian's own tools first: another python3, meson or pkg-config on PATH must not build us.
export PATH := /usr/bin:/bin:$(PATH)

SETUP = [ -f $(1)/build.ninja ] || meson setup $(1) $(2)
# pattern: a variable that nobody set is never zero by luck, so that reading it shows.
TEST_OPTIONS = -Dtests=true -Dfaults=true -Dbuildtype=debugoptimized \
	-Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-ftrivial-auto-var-init=pattern

help: ## this list
	@awk -F':.*## ' '/^[a-z -]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

build: deps-run ## the optimised binary, build/mintmark
	@$(call SETUP,build,-Dprefix=$(PREFIX))
	ninja -C build

# By environment: a quote in a folder's name must not end the shell's line.
run: export VAR := $(VAR)
run: export PORT := $(PORT)
run: build ## serve on http://127.0.0.1:$PORT with state in $VAR; Ctrl-C ends it
	@exec tools/run

build-test: deps-test
	@$(call SETUP,build-test,$(TEST_OPTIONS))
	ninja -C build-test

test: build build-test ## everything that needs no network, under ASan and UBSan
	@tools/run-tests

lint: deps-lint ## layers, sizes, banned calls; the rules of HACKING.md
	@tools/lint

gcc clang: %: deps-% ## compile everything with gcc (clang), optimised; warnings are errors
	@CC=$@; export CC; $(call SETUP,build-$@,-Dtests=true -Dfaults=true -Dbench=true -Dwerror=true)
	ninja -k 0 -C build-$@

peers: deps-peers build ## real OAuth clients in Go and JavaScript against a running server (needs the network once)
	@tests/peers/run

browser: deps-browser build ## people in front of Chromium: sign-in, tokens, passkeys; pictures in build/browser
	@tests/browser/run

fuzz: deps-fuzz ## every fuzz target for $FUZZ_SECONDS seconds
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' tools/fuzz.sh

bench: deps-bench ## tokens per second and CPU time per token beside three yardsticks
	@bench/run

install: deps-install build ## into $DESTDIR$PREFIX
	meson configure build -Dprefix=$(PREFIX)
	ninja -C build
	meson install -C build --no-rebuild

docs: deps-docs ## API reference of libmintmark into build/docs/html; what has no comment is an error
	@tools/docs

rfc-report: ## which requirement is cited by which code and test
	@tools/rfc-report

clean: ## remove what was built; $VAR stays
	rm -rf build build-test build-gcc build-clang build-fuzz build-bench

deps-%:
	@tools/deps.sh $*

.PHONY: help build run build-test test lint gcc clang peers browser fuzz bench install docs rfc-report clean
