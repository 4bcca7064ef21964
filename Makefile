# `make serve` shows the site; `make test` proves the project. Both set themselves up.
# Every path here is relative and programs run as `python -m`: the folder's name may hold spaces and quotes.
PYTHON ?= python3
# `make test UNPINNED=1` tests with the newest release of every dependency, in an environment of its own.
VENV := $(if $(UNPINNED),.venv-unpinned,.venv)
PY := $(VENV)/bin/python
PINS := $(if $(UNPINNED),--upgrade --upgrade-strategy eager,--constraint constraints.txt --build-constraint constraints.txt)
INSTALL := $(PY) -m pip install --disable-pip-version-check $(PINS)
# One stamp for the environment and one for each set of packages in it. Without an interpreter there is none.
MADE := $(VENV)/.made
SITE := $(VENV)/.site
DEV := $(VENV)/.dev
ifeq ($(wildcard $(PY)),)
.PHONY: $(MADE)
endif

# Python keeps what it has compiled, even where it is told not to: the tests start hundreds of interpreters.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve build test test-slow test-all bench check constraints clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(MADE):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed, this is %d.%d; name another one: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade $(if $(UNPINNED),,--constraint constraints.txt) pip
	@touch $(MADE)

$(SITE): $(MADE) pyproject.toml constraints.txt
	@echo "Installing what building and serving the site needs; this takes about half a minute, once."
	$(INSTALL) --editable '.[site,engine]'
	@$(PY) -m compileall -q annotator runtime
	@touch $(SITE)

$(DEV): $(MADE) pyproject.toml constraints.txt
	@echo "Installing what the tests and linters need, too; this takes about a minute, once."
	$(INSTALL) --editable '.[dev]'
	@$(PY) -m compileall -q annotator runtime
	@touch $(SITE) $(DEV)

serve: $(SITE) ## build the site and serve it on http://127.0.0.1:8000
	@$(PY) -m annotator serve $(ARGS)

build: $(SITE) ## build the site
	@$(PY) -m annotator build $(ARGS)

test: $(DEV) ## every test but the slow ones
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

# One worker runs a whole file, so that what its tests share is made once. Many wait for a browser or for
# dockerd, so that more of them than cores may run.
test-slow: $(DEV) ## only the slow tests
	$(PY) -m pytest -n 3 --dist loadfile -m slow $(ARGS)

test-all: $(DEV) ## every test
	$(PY) -m pytest -n auto --dist loadfile -m '' $(ARGS)

bench: $(DEV) ## measure, side by side with peers; ARGS='--json site/figures.json' keeps the figures
	$(PY) tests/benchmarks $(ARGS)

check: $(DEV) ## the linters, the port beside its original, texts beside their translations
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) -m annotator parity
	$(PY) -m annotator translations

constraints: $(DEV) ## pin the newest releases of all dependencies in constraints.txt
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --no-annotate \
	  --no-header --no-emit-package moby-annotated --output-file constraints.txt pyproject.toml .ci/tools.in

clean: ## remove what was generated
	rm -rf .venv .venv-unpinned site/docs site/docs-* site/html site/.cache
