SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PYTEST_ARGS ?=
LOCK_ARGS ?=
BENCH_ARGS ?=
SEED ?= 1
ROUNDS ?= 1000
FIRST ?= 0
BROKERS ?= 3

BIN := .venv/bin
STAMP := .venv/.installed
PIP_INSTALL = $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help setup demo demo-kafka test check chaos bench verifier clean lock

help: ## show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 19

setup: $(STAMP) ## create .venv from requirements.lock and install the project in it

# The stamp is written last: a .venv without it was never finished and is made
# again from nothing.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "setup: Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	@if [ ! -e $(STAMP) ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "setup: $(PYTHON) cannot make virtual environments (no ensurepip);" >&2; \
	    echo "setup: on Debian and Ubuntu install the package python3-venv" >&2; exit 1; }; \
	  rm -rf .venv; \
	  $(PYTHON) -m venv .venv; \
	fi
	@rm -f $(STAMP)
	@echo "setup: installing the locked requirements"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## run the demonstration (BENEFITS_HOME, or build/demo-home)
	@$(BIN)/benefits-ledger demo $(if $(BENEFITS_HOME),,--home build/demo-home)

demo-kafka: $(STAMP) ## a small city through a real Kafka and PostgreSQL (build/demo-kafka-home)
	@$(BIN)/benefits-ledger demo-kafka $(if $(BENEFITS_HOME),,--home build/demo-kafka-home)

check: $(STAMP) ## format, lint, types, layers, event schemas and links
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.compatibility
	$(BIN)/python -m tests.links

test: check ## everything in check, then the tests (PYTEST_ARGS=...)
	$(BIN)/pytest -n 3 --dist worksteal $(PYTEST_ARGS)

bench: $(STAMP) ## measure, as ratios in one run (BENCH_ARGS="--scale 1", --without-kafka)
	$(BIN)/python -m ops.bench $(BENCH_ARGS)

chaos: $(STAMP) ## kill and freeze real processes (SEED=1 ROUNDS=1000 FIRST=0 BROKERS=3)
	$(BIN)/python -W ignore -m tests.chaos --seed $(SEED) --rounds $(ROUNDS) --first $(FIRST) --brokers $(BROKERS)

verifier: $(STAMP) ## the offline verifier as one Python file: dist/verify_bundle.py
	@$(BIN)/python -m ops.verifier_file dist/verify_bundle.py

lock: ## resolve requirements.lock anew (LOCK_ARGS=--upgrade for newer versions)
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	@.venv-lock/bin/uv pip compile --quiet --extra dev --extra local --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' \
	  $(LOCK_ARGS) --output-file requirements.lock pyproject.toml
	@rm -rf .venv-lock

clean: ## remove .venv and everything built
	rm -rf .venv .venv-lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
