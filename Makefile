# pregao: `make run` and `make test` do everything; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

JOBS ?= $(shell nproc)
# Arguments of `pregao run`, e.g. make run ARGS='--watchlist mine.txt'
ARGS ?=
# Arguments of bench/peers.py or bench/against.py
BENCH ?=
# Seconds that each fuzzer runs in `make fuzz` and in `make test`.
FUZZ_SECONDS ?= 300
FUZZ_TEST_SECONDS ?= 10
# Rounds of `make torture`, and the seed of its dice.
ROUNDS ?= 100
SEED ?=
# Rows of `make torture-bigquery`.
ROWS ?= 1000000
# Where `make install` puts things.
PREFIX ?= /usr/local
export CTEST_PARALLEL_LEVEL ?= $(JOBS)

TEST_PARTS = unit judges page $(if $(SERVICES),servers) asan tsan fuzz
# Real servers that the tests of test/servers run against: setup/services/*.sh.
SERVICES := $(basename $(notdir $(filter-out %/with.sh,$(wildcard setup/services/*.sh))))
# ThreadSanitizer runs where threads are.
TSAN_STAGES := base cloud topic yahoo listen engine web
TSAN_TESTS = $(foreach s,$(TSAN_STAGES),$(if $(wildcard src/$(s)/*_test.cc),$(s)_test)) threads_test
# GCC 12's ThreadSanitizer does not know address spaces laid out as randomly as recent kernels do.
FIXED_LAYOUT = $(shell setarch -R true 2>/dev/null && echo setarch -R)
SOURCES = $(wildcard $(shell git ls-files '*.h' '*.cc'))

# $(call configure,PRESET) is silent unless it fails.
configure = out=$$(cmake --preset $(1) 2>&1) || { echo "$$out" >&2; exit 1; }
build = cmake --build --parallel $(JOBS) --preset $(1)

help:  ## this list
	@awk -F ':.*##  *' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: build  ## set up, build, then fill the lake with live quotes until Ctrl-C (ARGS='...')
	build/release/pregao run $(ARGS)

run-spark: build  ## the same through a Kafka broker and Spark Structured Streaming, both set up here, until Ctrl-C
	@setup/services/with.sh kafka spark -- setup/run_spark.sh build/release/pregao

test: deps  ## everything: unit tests, foreign readers, real servers, sanitizers, fuzzers
	@for part in $(TEST_PARTS); do \
	  start=$$SECONDS; printf '\n== test-%s\n' $$part; \
	  $(MAKE) --no-print-directory test-$$part; \
	  printf '== test-%s: %s s\n' $$part $$((SECONDS - start)); \
	done

check: deps  ## what needs no server: unit tests, layout rules, format (a minute once built)
	@$(MAKE) --no-print-directory test-unit format-check

build: deps  ## build/release/pregao
	@$(call configure,release)
	@$(call build,release) --target pregao

install: build  ## the program, its systemd unit and samples under PREFIX (/usr/local), below DESTDIR
	install -D -m 755 build/release/pregao $(DESTDIR)$(PREFIX)/lib/pregao/pregao
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/pregao/lib build/release/lib/*
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system
	ln -sf ../lib/pregao/pregao $(DESTDIR)$(PREFIX)/bin/pregao
	sed 's#/usr/bin/pregao#$(PREFIX)/bin/pregao#' deploy/pregao@.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/pregao@.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/pregao LICENSE NOTICE THIRD_PARTY.md pregao.toml.example \
	  carteira.txt deploy/prometheus-alerts.yaml

fuzz: deps  ## every fuzzer, FUZZ_SECONDS=300 each
	@$(call configure,asan)
	@$(call build,asan) --target fuzzers
	@fuzz/run.sh build/asan/fuzz $(FUZZ_SECONDS)

torture: build  ## kill -9 of listener, engines and broker at random, ROUNDS=100 times, then audit and oracle (SEED=...)
	@venv=$$(setup/venv.sh); PREGAO=$(CURDIR)/build/release/pregao setup/services/with.sh kafka -- \
	  "$$venv/bin/python" test/servers/torture.py --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

torture-bigquery: build  ## the same of pregao and BigQuery's emulator, ROWS=1000000 rows
	@venv=$$(setup/venv.sh); PREGAO=$(CURDIR)/build/release/pregao PREGAO_TEST_BIGQUERY_ROWS=$(ROWS) \
	  PREGAO_TEST_BIGQUERY_KILLS=40 PREGAO_TEST_SEED=$(SEED) setup/services/with.sh kafka bigquery -- \
	  "$$venv/bin/python" -m pytest -q -s test/servers/test_bigquery.py -k killed

bench: deps  ## the figures of docs/benchmarks.md on this machine: pregao, its peers, BigQuery (BENCH='--only pregao')
	@$(call configure,release)
	@$(call build,release) --target pregao benches
	@python=$$(setup/venv.sh bench/requirements.txt)/bin/python; \
	  setup/services/with.sh kafka -- "$$python" bench/peers.py $(BENCH); \
	  setup/services/with.sh kafka -- "$$python" bench/latency.py; \
	  setup/services/with.sh kafka bigquery -- "$$python" bench/bigquery.py
	@build/release/bench/pipeline_bench

bench-upkeep: deps  ## a table's month of one commit a second, and the curve of docs/upkeep.md
	@$(call configure,release)
	@$(call build,release) --target upkeep_bench
	@build/release/bench/upkeep_bench 30 7 docs/upkeep.svg

docker-steps:  ## the Dockerfile's steps in Debian roots made by debootstrap, without docker (root; about an hour)
	test/docker/steps.py build/docker-steps

bench-against: build  ## this tree's engine beside another commit's (BENCH='COMMIT', else the one before)
	@python3 bench/against.py $(BENCH)

setup: deps  ## Debian packages, pinned libraries, the Python environment of the tests
	@setup/venv.sh >/dev/null

deps:
	@setup/packages.sh
	@setup/deps.sh
	@setup/page.sh

test-unit:
	@$(call configure,release)
	@$(call build,release)
	@ctest --preset release --label-regex unit

test-judges:
	@venv=$$(setup/venv.sh); PREGAO=$(CURDIR)/build/release/pregao "$$venv/bin/python" -m pytest -q test --ignore test/servers

test-servers:
	@venv=$$(setup/venv.sh); PREGAO=$(CURDIR)/build/release/pregao setup/services/with.sh $(SERVICES) -- \
	  bash -c "ctest --preset release --label-regex servers && $$venv/bin/python -m pytest -q test/servers"

test-superset: build  ## docs/readers.md in Apache Superset, which it installs (1 GB; not part of `make test`)
	@superset=$$(PIP_NO_DEPS=1 setup/venv.sh test/foreign/superset.txt); venv=$$(setup/venv.sh); \
	  PREGAO=$(CURDIR)/build/release/pregao PREGAO_TEST_SUPERSET=$$superset "$$venv/bin/python" -m pytest -q \
	  test/foreign/test_superset.py

test-page: build
	@ln -sfn "$$(setup/page_tests.sh)" test/page/node_modules
	@cd test/page && PREGAO=$(CURDIR)/build/release/pregao node --test *.test.mjs

screenshots: build  ## the pictures of docs/page.md, on a simulated market
	@ln -sfn "$$(setup/page_tests.sh)" test/page/node_modules
	@cd test/page && PREGAO=$(CURDIR)/build/release/pregao node screenshots.mjs $(CURDIR)/docs

test-asan:
	@$(call configure,asan)
	@$(call build,asan) --target tests
	@ctest --preset asan --label-regex unit

test-tsan:
	@$(call configure,tsan)
	@$(call build,tsan) --target $(TSAN_TESTS)
	@$(FIXED_LAYOUT) ctest --preset tsan --label-regex unit

test-fuzz: FUZZ_SECONDS = $(FUZZ_TEST_SECONDS)
test-fuzz: fuzz

format:  ## clang-format on every source
	@clang-format-14 -i $(SOURCES)

format-check:
	@clang-format-14 --dry-run --Werror $(SOURCES)

lint: deps  ## clang-tidy on every source (slow; needs Debian's clang-tidy-14)
	@$(call configure,release)
	@run-clang-tidy-14 -quiet -p build/release -j $(JOBS) '/src/.*\.cc$$'

clean:  ## remove build/; the cache of libraries and data/ stay
	@rm -rf build

.PHONY: help run run-spark test check build install fuzz torture torture-bigquery bench bench-against bench-upkeep docker-steps screenshots setup deps format format-check lint clean $(addprefix test-,superset $(TEST_PARTS))
