# Everything a newcomer runs. A second run of anything that sets up is fast: its stamps go with the virtual environment.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
# maturin and the tests find the tools of the virtual environment first.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

NATIVE := $(shell find native -path native/target -prune -o -type f \( -name '*.rs' -o -name '*.toml' \) -print)
WEB := $(shell [ -f web/package.json ] && find web \( -name node_modules -o -name dist \) -prune -o -type f -print)
NEED := tools/prerequisites.sh

.PHONY: help setup python web models browser check test demo bench soak chaos fuzz clean

help: ## what there is to run
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: python web models ## the virtual environment, the native build, the page and the speech models

python: .venv/.stamps/native

.venv/.stamps/deps: pyproject.toml $(NEED)
	@$(NEED) cargo
	@[ -x $(BIN)/python ] || { python=$$($(NEED) python); echo "making .venv with $$python"; "$$python" -m venv .venv; }
	@mkdir -p .venv/.stamps
	@echo "installing segue and its tools into .venv (builds native/, a minute the first time)"
	@$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch .venv/.stamps/deps && touch .venv/.stamps/native

.venv/.stamps/native: $(NATIVE) .venv/.stamps/deps
	@[ -z "$$(find $(NATIVE) -newer $@ 2>/dev/null)" ] && [ -e $@ ] || { echo "building native/"; out=$$($(BIN)/maturin develop --release --skip-install 2>&1) || { echo "$$out"; exit 1; }; }
	@touch $@

web: $(if $(WEB),.venv/.stamps/web)

.venv/.stamps/web: $(WEB) $(NEED) | .venv/.stamps/deps
	@$(NEED) npm
	@echo "building the page"
	@cd web && npm install --no-audit --no-fund --no-package-lock --loglevel=error </dev/null && npm run --silent build </dev/null
	@touch $@

models: python
	@$(BIN)/segue models install </dev/null

browser: ## Chromium, through apt-get where that is allowed
	@$(NEED) browser

check: python ## the fast gate: format, lint, types, floors, unit, property and tidy tests
	@$(BIN)/python tools/suite.py check

test: setup ## the whole suite, with all set-up
	@$(NEED) browser || true
	@$(BIN)/python tools/suite.py test

demo: setup ## Segue, holding a spoken conversation with itself, then with you
	@$(BIN)/segue demo || [ $$? -eq 130 ] # Ctrl-C is how it ends

bench: setup ## every question under bench/, answered in bench/results/
	@$(BIN)/python tools/suite.py bench

chaos: setup ## kill, stop and cut off real processes
	@$(BIN)/python tools/suite.py chaos

soak: setup ## the same for minutes: SOAK_S=600
	@$(BIN)/python tools/suite.py soak

fuzz: python ## the property tests and the native parsers, a hundred times longer
	@$(BIN)/python tools/suite.py fuzz

clean: ## everything that was built; the virtual environment stays
	@rm -rf .venv/.stamps native/target src/segue/edge/static src/segue/_native*.so .mypy_cache .ruff_cache .pytest_cache \
	    .hypothesis .import_linter_cache .cache bench/results
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
