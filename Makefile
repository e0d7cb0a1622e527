# SPDX-License-Identifier: Apache-2.0
# A thin face over meson; `make help` says what there is.
BUILD ?= build
ASAN = build-asan
TSAN = build-tsan
ARENA = build-arena
PYTEST = /usr/bin/python3 -m pytest -q -p no:cacheprovider

.PHONY: help build run demo-names test tests test-all test-cpu test-tsan test-arena test-valgrind test-clang test-cross fuzz soak bench bench-quick install clean packages-% coverage
help:
	@echo "make build      build/rhizd and build/rhiz"
	@echo "make run        build, serve examples/ on 127.0.0.1 port 5300"
	@echo "make demo-names two chains with names on this machine, and the daemon that serves them"
	@echo "make test       unit and system tests under ASan and UBSan"
	@echo "make tests      build the test programs under build/tests"
	@echo "make test-all   the same with TSan, clang, valgrind, separate arena objects, other architectures, 10 minutes of fuzzing each"
	@echo "make test-cpu, test-tsan, test-arena, test-valgrind, test-clang, test-cross   one of these alone"
	@echo "make coverage   which lines the tests reach"
	@echo "make clean      the build folders go"
	@echo "make fuzz       every fuzz target, FUZZ_SECONDS (600) each"
	@echo "make soak       500 reloads under load, 100,000 zones: figures for docs/figures.md"
	@echo "make bench      all measurements beside the peers (BENCH='--sets root --rounds 1': a part); table and build/bench.json"
	@echo "make bench-quick  instructions per query against bench/baseline.json, under two minutes (BENCH=--update-baseline)"
	@echo "make install    programs, library, man pages, systemd unit (DESTDIR, PREFIX)"

packages-%:
	@scripts/install-packages $*

$(BUILD)/build.ninja: | packages-build
	meson setup $(BUILD) --buildtype=release -Doptimization=2 -Db_lto=true -Dunit_tests=false $(if $(PREFIX),--prefix=$(PREFIX))

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)
	@ln -sf src/daemon/rhizd $(BUILD)/rhizd
	@ln -sf src/tools/rhiz $(BUILD)/rhiz

run: build
	@scripts/run $(BUILD)

demo-names: packages-test build
	@scripts/demo-names $(BUILD)

tests: packages-test $(BUILD)/build.ninja
	meson configure $(BUILD) -Dunit_tests=true
	ninja -C $(BUILD)

$(ASAN)/build.ninja: | packages-test
	meson setup $(ASAN) -Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false -Dtest_delay=true
$(TSAN)/build.ninja: | packages-test
	meson setup $(TSAN) -Doptimization=1 -Ddebug=true -Db_sanitize=thread -Db_lundef=false -Dtest_delay=true

test: packages-test $(ASAN)/build.ninja
	ninja -C $(ASAN)
	scripts/test $(ASAN)

test-tsan: packages-test $(TSAN)/build.ninja
	ninja -C $(TSAN)
	scripts/test-tsan $(TSAN)

# Each arena object is a malloc of its own, so that the sanitizers see the edges of each.
$(ARENA)/build.ninja: | packages-test
	meson setup $(ARENA) -Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false -Darena_malloc=true
test-arena: packages-test $(ARENA)/build.ninja
	ninja -C $(ARENA)
	meson test -C $(ARENA) --no-rebuild --print-errorlogs --suite unit --suite fuzz

# The whole of `make test` with the kernels for each width of registers.
test-cpu: packages-test $(ASAN)/build.ninja
	ninja -C $(ASAN)
	set -e; for kernels in portable avx2 avx512; do RHIZ_CPU=$$kernels scripts/test $(ASAN); done

test-valgrind: packages-test
	scripts/test-valgrind

test-clang: packages-all
	scripts/test-clang

test-cross: packages-cross
	scripts/test-cross

test-all: test-cpu test-tsan test-arena test-clang test-valgrind test-cross fuzz

fuzz: packages-all
	scripts/fuzz $(or $(FUZZ_SECONDS),600)

coverage: packages-all
	scripts/coverage

soak: packages-test build
	scripts/soak $(BUILD)

bench: packages-bench build
	RHIZ_BUILD=$(BUILD) /usr/bin/python3 -B bench/bench.py $(BENCH)

bench-quick: packages-quick build
	RHIZ_BUILD=$(BUILD) /usr/bin/python3 -B bench/quick.py $(BENCH)

install: build
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-*
