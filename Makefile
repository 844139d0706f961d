# SPDX-License-Identifier: MIT
#
# From the sources to an installed wheel: sdist -> wheel out of that sdist -> virtual environment.
# Whatever runs here (tests, demo, benches) runs on the installed wheel, never on the checkout.
# Each step leaves a stamp and is done again only when what it was made from has changed.
# Wants GNU make, CPython 3.11 or newer with venv, and a C compiler; `make help` lists the targets.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= .github/constraints.txt
PYTEST_ARGS ?=

# The sdist lies in dist/, the wheel of each interpreter in its environment; `make wheel` copies it.
PY := $(VENV)/bin/python
WHEELHOUSE := $(VENV)/wheelhouse
MADE := $(VENV)/.made
TOOLS := $(VENV)/.tools
WHEEL := $(VENV)/.wheel
INSTALLED := $(VENV)/.installed
DEV := $(VENV)/.dev
PEERS := $(VENV)/.peers
OTHERS := $(VENV)/.downstream
LINTERS := $(VENV)/.linters
SDIST := build/sdist.stamp

# What a wheel is made from, and what else stands in the sdist.
WHEEL_FILES := pyproject.toml setup.py MANIFEST.in README.md LICENSE \
  $(shell find httpclient csrc -type f ! -name '*.pyc' ! -name '*.so' 2>/dev/null | sort)
SDIST_FILES := $(WHEEL_FILES) Makefile CHANGELOG.md COMPATIBILITY.md CONTRIBUTING.md SECURITY.md \
  $(shell find tests bench docs examples .github .ci -type f ! -name '*.pyc' 2>/dev/null | sort)

# Installs with the exact versions; an index that lacks one of them must not be the end.
PIP := $(PY) -m pip --disable-pip-version-check --quiet
define pip_install
$(PIP) install --constraint $(CONSTRAINTS) $(1) || { \
  echo "*** The pinned versions of $(CONSTRAINTS) cannot be had here;" \
       "going on with whatever satisfies pyproject.toml. ***" >&2; \
  $(PIP) install $(1); }
endef

# A list of pyproject.toml, one item a line: its keys are $(1).
define listed
$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))$(1), sep="\n")'
endef

# PYTHONSAFEPATH keeps the working folder, and with it the unbuilt package, off sys.path;
# build/path holds nothing but bench, so that `bench` is found without it.
RUN := PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/build/path"
BENCH := build/path/bench

# Two pips must not change one environment at the same time.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help test demo bench bench-peers bench-downstream test-downstream instructions build sdist wheel lint lint-python lint-c ctest ctest-cross sanitize clean FORCE

help:
	@echo "make test      build the sdist, the wheel from it, install that, run the tests on it"
	@echo "make test-downstream  other projects' tests, with install() or httpclient's transports and"
	@echo "               without, in environments of their own; DOWNSTREAM='$(DOWNSTREAM)'"
	@echo "make demo      show what the installed wheel does (needs no test dependency)"
	@echo "make bench     measure the installed wheel beside http.client; BENCH_ARGS='--check'"
	@echo "make bench-peers  the same with all other clients, whose wheels are installed first"
	@echo "make bench-downstream  what install() does for urllib3, requests, boto3 and urllib.request,"
	@echo "               and httpclient's transports for requests and httpx"
	@echo "make instructions  count the instructions of our own code, with valgrind"
	@echo "make build     sdist and wheel, into dist/; make sdist, make wheel: one of them"
	@echo "make lint      ruff, cython-lint, and the C sources with all warnings as errors"
	@echo "make ctest     the C unit tests under AddressSanitizer and UBSan, gcc and clang"
	@echo "make ctest-cross  the same for ARM, i686, big-endian s390x and musl, under QEMU"
	@echo "make fuzz      a minute of fuzzing the C sources, with clang; FUZZ_SECONDS=3600: an hour"
	@echo "make sanitize  the Python tests on a sanitized -O0 build, in $(VENV)-sanitize"
	@echo "make clean     remove everything that was made"
	@echo
	@echo "PYTHON=$(PYTHON)  VENV=$(VENV)  PYTEST_ARGS='-k chunked -x'"

# ---- environment ----

# Written anew only when it would say something else, so that a change of PYTHON is seen.
$(MADE): FORCE
	@if [ "$$(cat $@ 2>/dev/null)" != "$(PYTHON)" ] || [ ! -x $(PY) ]; then \
	  set -e; \
	  command -v $(PYTHON) >/dev/null || { \
	    echo "make: no $(PYTHON) here; name a CPython >= 3.11 with PYTHON=..." >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "make: $(PYTHON) is no Python >= 3.11; name another with PYTHON=..." >&2; exit 1; }; \
	  rm -rf $(VENV); \
	  $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "make: $(PYTHON) cannot make a virtual environment" \
	         "(on Debian: apt-get install python3-venv)" >&2; exit 1; }; \
	  echo "$(PYTHON)" >$@; \
	fi

$(TOOLS): pyproject.toml $(CONSTRAINTS) $(MADE)
	@$(call listed,["build-system"]["requires"]) >$@.txt
	@echo 'pip install build setuptools Cython'; $(call pip_install,build -r $@.txt)
	@touch $@

# ---- sdist and wheel ----

# The list of files is itself something to depend on: a file that is gone changes nothing else.
build/wheel-files: FORCE
	@mkdir -p build; printf '%s\n' $(WHEEL_FILES) | cmp -s - $@ \
	  || printf '%s\n' $(WHEEL_FILES) >$@

build/sdist-files: FORCE
	@mkdir -p build; printf '%s\n' $(SDIST_FILES) | cmp -s - $@ \
	  || printf '%s\n' $(SDIST_FILES) >$@

# An old egg-info would bring files back that MANIFEST.in no longer names.
$(SDIST): $(SDIST_FILES) build/sdist-files | $(TOOLS)
	rm -rf dist/*.tar.gz httpclient_accel.egg-info
	$(PY) -m build --sdist --no-isolation --outdir dist . >build/sdist.log 2>&1 \
	  || { cat build/sdist.log; exit 1; }
	rm -rf httpclient_accel.egg-info
	@touch $@

# A test that changed makes a new sdist, but not a new wheel.
$(WHEEL): $(WHEEL_FILES) build/wheel-files $(TOOLS) | $(SDIST)
	@$(call need_compiler)
	rm -rf $(WHEELHOUSE)
	$(PY) -m pip --disable-pip-version-check wheel --no-deps --no-build-isolation --no-cache-dir \
	  --wheel-dir $(WHEELHOUSE) dist/*.tar.gz >$(VENV)/wheel.log 2>&1 \
	  || { cat $(VENV)/wheel.log; exit 1; }
	@touch $@

define need_compiler
$(PY) -c 'import os, shlex, shutil, sys, sysconfig; \
cc = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]; \
header = os.path.join(sysconfig.get_path("include"), "Python.h"); \
shutil.which(cc) or sys.exit(f"make: no C compiler: {cc} is not here; name one with CC=..."); \
os.path.exists(header) or sys.exit(f"make: no {header} (on Debian: apt-get install python3-dev)")'
endef

$(INSTALLED): $(WHEEL)
	$(PIP) install --no-deps --force-reinstall $(WHEELHOUSE)/*.whl
	@touch $@

$(DEV): pyproject.toml $(CONSTRAINTS) $(MADE) | $(INSTALLED)
	@echo 'pip install "*.whl[dev]"'; $(call pip_install,"$$(echo $(WHEELHOUSE)/*.whl)[dev]")
	@touch $@

$(PEERS): pyproject.toml $(CONSTRAINTS) $(MADE) | $(INSTALLED)
	@echo 'pip install "*.whl[bench]"'; $(call pip_install,"$$(echo $(WHEELHOUSE)/*.whl)[bench]")
	@touch $@

# What cannot be had, its tests are skipped for.
$(OTHERS): pyproject.toml $(CONSTRAINTS) $(MADE) | $(INSTALLED)
	@echo 'pip install "*.whl[downstream]"'; $(call pip_install,"$$(echo $(WHEELHOUSE)/*.whl)[downstream]") \
	  || $(call listed,["project"]["optional-dependencies"]["downstream"]) | while read package; do \
	    $(PIP) install "$$package" || echo "*** $$package cannot be had: going on without. ***" >&2; \
	  done
	@touch $@

# Needs no wheel, so that lint can be asked before anything compiles.
$(LINTERS): $(MADE) $(CONSTRAINTS)
	@echo 'pip install ruff cython-lint'; $(call pip_install,ruff cython-lint)
	@touch $@

sdist: $(SDIST)
wheel: $(WHEEL)
	cp $(WHEELHOUSE)/*.whl dist/
build: sdist wheel
	@ls -l dist

# ---- on the installed wheel ----

$(BENCH):
	@mkdir -p $(@D) && ln -sfn ../../bench $@

test: $(INSTALLED) $(DEV) $(SDIST) $(BENCH)
	$(RUN) HTTPCLIENT_SDIST="$(CURDIR)/$$(echo dist/*.tar.gz)" \
	  HTTPCLIENT_WHEEL="$$(echo $(abspath $(WHEELHOUSE))/*.whl)" \
	  $(PRELOAD) $(PY) -m pytest $(PYTEST_ARGS)

# The interpreter's tests of what uses http.client, programs of ours with what other projects
# make of it (gevent, tracers, workers ...), and those projects' own tests: tests/downstream.
# A suite that fails lets the others run.
DOWNSTREAM ?= interpreter programs urllib3 requests httpx botocore vcrpy scrapy
DOWNSTREAM_ARGS ?=
OURS := $(if $(filter interpreter,$(DOWNSTREAM)),tests/surface/test_cpython_suite.py) \
  $(if $(filter programs,$(DOWNSTREAM)),tests/install/test_third_party.py tests/install/test_install_docs.py tests/install/test_frozen.py tests/examples)
SUITES := $(filter-out interpreter programs,$(DOWNSTREAM))

test-downstream: $(INSTALLED) $(DEV) $(if $(filter programs,$(DOWNSTREAM)),$(OTHERS))
	@failed=0; \
	$(if $(strip $(OURS)),$(RUN) $(PY) -m pytest -q $(OURS) || failed=1;) \
	$(if $(SUITES),PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/tests" \
	  $(PY) -m downstream --wheel "$$(echo $(abspath $(WHEELHOUSE))/*.whl)" $(DOWNSTREAM_ARGS) \
	  $(SUITES) || failed=1;) \
	exit $$failed

demo: $(INSTALLED) $(BENCH)
	$(RUN) $(PY) -m bench.demo

bench: $(INSTALLED) $(BENCH)
	$(RUN) $(PY) -m bench $(BENCH_ARGS)

bench-peers: $(PEERS) $(BENCH)
	$(RUN) $(PY) -m bench --peers $(BENCH_ARGS)

bench-downstream: $(PEERS) $(BENCH)
	$(RUN) $(PY) -m bench --downstream $(BENCH_ARGS)

# The interpreter itself is not sanitized, so the runtime has to be there before it; and it
# frees nothing at exit, which the leak checker would hold against us.
sanitize: export ASAN_OPTIONS = detect_leaks=0
sanitize: export UBSAN_OPTIONS = halt_on_error=1:print_stacktrace=1
sanitize:
	$(MAKE) test VENV=$(VENV)-sanitize HTTPCLIENT_DEBUG=address,undefined \
	  PRELOAD='LD_PRELOAD="$(shell gcc -print-file-name=libasan.so) $(shell gcc -print-file-name=libubsan.so)"'

# Instruction counts against the figures that are kept; INSTRUCTIONS_ARGS=--update keeps new ones.
instructions: $(INSTALLED) $(BENCH)
	$(RUN) $(PY) -m bench.instructions $(INSTRUCTIONS_ARGS)

# ---- sources ----

lint: lint-c lint-python

lint-python: $(LINTERS)
	$(VENV)/bin/ruff check setup.py httpclient tests bench $(wildcard examples)
	PATH="$(abspath $(VENV))/bin:$$PATH" cython-lint httpclient/_core

CC_STRICT := -std=c11 -O2 -Wall -Wextra -Wshadow -Wconversion -Werror

lint-c:
	@for cc in gcc clang; do \
	  command -v $$cc >/dev/null || { echo "lint-c: no $$cc here, skipped"; continue; }; \
	  for file in csrc/*.c; do \
	    echo "$$cc $(CC_STRICT) $$file"; \
	    $$cc $(CC_STRICT) -Icsrc -c $$file -o /dev/null || exit 1; \
	  done; \
	done

# Compiles csrc into the folder $(1), for programs that are linked with all of it: by $(2).
define compile_csrc
rm -rf $(1) && mkdir -p $(1) && (cd $(1) && $(2) -I"$(CURDIR)/csrc" -c "$(CURDIR)"/csrc/*.c)
endef

# Each tests/c/test_*.c is a program.
CTESTS := $(patsubst tests/c/%.c,%,$(wildcard tests/c/test_*.c))
CTEST_FLAGS := -std=c11 -O1 -g -Wall -Wextra -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all

# Compiles and runs the C unit tests: name $(1), folder $(2), compiler with flags $(3), runner $(4).
define run_ctests
$(call compile_csrc,$(2)/csrc,$(3)) || exit 1; \
for test in $(CTESTS); do \
  echo "== $(1) $$test"; \
  $(3) -Icsrc -Itests/c tests/c/$$test.c $(2)/csrc/*.o -o $(2)/$$test \
    && $(4) $(2)/$$test || exit 1; \
done
endef

# Succeeds if a program made so runs here: folder $(1), compiler with flags $(2), runner $(3).
define can_run
mkdir -p $(1) && echo 'int main(void) { return 0; }' >$(1)/probe.c \
  && $(2) $(1)/probe.c -o $(1)/probe 2>/dev/null && $(3) $(1)/probe 2>/dev/null
endef

ctest:
	@[ -n "$(CTESTS)" ] || { echo "ctest: no tests/c/test_*.c"; exit 0; }; \
	used=; \
	for cc in gcc clang; do \
	  out=build/ctest/$$cc; \
	  $(call can_run,$$out,$$cc $(CTEST_FLAGS)) || { \
	    echo "ctest: $$cc with sanitizers is not to be had here, skipped"; continue; }; \
	  used="$$used $$cc"; \
	  $(call run_ctests,$$cc,$$out,$$cc $(CTEST_FLAGS)); \
	done; \
	[ -n "$$used" ] || { echo "ctest: no compiler with sanitizers, nothing was tested"; exit 1; }

# The same for other processors and C libraries, under QEMU: name:compiler:emulator, by Debian's
# packages gcc-NAME, libc6-dev-NAME-cross, qemu-user and musl-tools. s390x is big-endian, armhf and
# i686 have 32 bits. The programs are linked statically, and UBSan traps, so that neither an
# emulated loader nor a runtime of the sanitizer is needed; ASan cannot run on all of them, and the
# guard pages of tests/c/check.h stand in for it.
CROSS := aarch64:aarch64-linux-gnu-gcc:qemu-aarch64 armhf:arm-linux-gnueabihf-gcc:qemu-arm \
  i686:i686-linux-gnu-gcc:qemu-i386 s390x:s390x-linux-gnu-gcc:qemu-s390x musl:musl-gcc:
CROSS_FLAGS := $(CC_STRICT) -g -static -fsanitize=undefined -fsanitize-undefined-trap-on-error

ctest-cross:
	@used=; skipped=; \
	for target in $(CROSS); do \
	  name=$${target%%:*}; run=$${target##*:}; cc=$${target%:*}; cc=$${cc#*:}; \
	  command -v "$${run:-env}" >/dev/null || ! command -v $$run-static >/dev/null \
	    || run=$$run-static; \
	  out=build/ctest/$$name; \
	  $(call can_run,$$out,$$cc $(CROSS_FLAGS),$$run) || { \
	    echo "*** ctest-cross: no $$cc here$${run:+, or no $$run}: $$name IS NOT TESTED ***" >&2; \
	    skipped="$$skipped $$name"; continue; }; \
	  used="$$used $$name"; \
	  $(call run_ctests,$$name,$$out,$$cc $(CROSS_FLAGS),$$run); \
	done; \
	[ -n "$$used" ] || { echo "ctest-cross: no cross compiler, nothing was tested"; exit 1; }; \
	echo "ctest-cross: passed on$$used$${skipped:+; NOT TESTED:$$skipped}"

clean:
	rm -rf build dist wheelhouse httpclient_accel.egg-info $(VENV) $(VENV)-sanitize $(VENV)-downstream-*
	find httpclient tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

FORCE:

# ---- fuzzing: tests/fuzz/README.md ----

# The seconds are split over the targets. What is found new stays in build/fuzz/corpus, and an
# input that breaks something beside the log in build/fuzz.
FUZZ_SECONDS ?= 60
FUZZ_ARGS ?=
FUZZ_CC ?= clang
FUZZ_FLAGS := -std=c11 -O1 -g -Wall -Wextra -fno-omit-frame-pointer \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz
fuzz:
	@mkdir -p build/fuzz; rm -f build/fuzz/*.log; \
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >build/fuzz/probe.c; \
	$(FUZZ_CC) $(FUZZ_FLAGS) build/fuzz/probe.c -o build/fuzz/probe 2>/dev/null || { \
	  echo "*** fuzz: $(FUZZ_CC) with libFuzzer is not to be had here: NOTHING WAS FUZZED ***" >&2; \
	  exit 0; }; \
	$(call compile_csrc,build/fuzz/csrc,$(FUZZ_CC) $(FUZZ_FLAGS)) || exit 1; \
	for name in $(FUZZERS); do \
	  mkdir -p build/fuzz/corpus/$$name; \
	  $(FUZZ_CC) $(FUZZ_FLAGS) -Icsrc -Itests/c tests/fuzz/fuzz_$$name.c build/fuzz/csrc/*.o \
	    -o build/fuzz/fuzz_$$name || exit 1; \
	  echo "== fuzz_$$name"; \
	  build/fuzz/fuzz_$$name -dict=tests/fuzz/dictionary.txt -max_len=4096 -timeout=60 \
	    -max_total_time=$$(( $(FUZZ_SECONDS) / $(words $(FUZZERS)) + 1 )) $(FUZZ_ARGS) \
	    -artifact_prefix=build/fuzz/$$name- build/fuzz/corpus/$$name tests/fuzz/seeds/$$name \
	    >build/fuzz/$$name.log 2>&1 || { \
	      cat build/fuzz/$$name.log; echo "*** fuzz_$$name found something ***" >&2; exit 1; }; \
	  grep -e 'DONE ' -e '^Done ' build/fuzz/$$name.log; \
	done
