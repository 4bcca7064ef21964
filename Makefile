# `make serve` shows the site; `make test` proves the project. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help serve build test test-slow test-all bench check clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q annotator runtime
	@touch $(READY)

serve: $(READY) ## build the site and serve it on http://127.0.0.1:8000
	$(BIN)/annotator serve $(ARGS)

build: $(READY) ## build the site
	$(BIN)/annotator build $(ARGS)

test: $(READY) ## every test but the slow ones
	$(BIN)/python -m pytest -n auto $(ARGS)

test-slow: $(READY) ## only the slow tests
	$(BIN)/python -m pytest -n 2 -m slow $(ARGS)

test-all: $(READY) ## every test
	$(BIN)/python -m pytest -n auto -m '' $(ARGS)

bench: $(READY) ## measure, side by side with peers
	$(BIN)/python tests/benchmarks $(ARGS)

check: $(READY) ## the linters, and the port beside its original
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/annotator parity

clean: ## remove what was generated
	rm -rf $(VENV) site/docs site/html
