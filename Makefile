# make demo   plant micro-expressions into a portrait, analyse the clip, print what was found
# make test   everything that must hold before a change is taken: lint, types, import rules, quick tests
# The rest: test-quick, test-slow, test-all, lint, types, imports, models, api-surface, constraints, clean.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python of 3.11-3.13 that is there; `make demo PYTHON=/path/to/python3.12` chooses another.
GOOD_PYTHON = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(GOOD_PYTHON)' 2>/dev/null && { echo $$python; break; }; done)
endif
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Tests run in this many processes; 0 means in one, which a debugger needs.
JOBS ?= 2
DEMO_OUT ?= demo-out
PYTEST := $(BIN)/python -m pytest -n $(JOBS)

.PHONY: help demo models test test-quick test-slow test-all browser lint types imports api-surface constraints clean
help:
	@sed -n 's/^# //p' Makefile | head -3

demo: $(VENV)/.has-demo
	$(BIN)/fleeting demo --out $(DEMO_OUT)

# All four are run and shown even where one fails; the tests come last.
test: $(VENV)/.has-dev
	@$(MAKE) --no-print-directory --keep-going lint types imports test-quick

test-quick: $(VENV)/.has-dev browser
	$(PYTEST) --dist worksteal -m "not slow" --cov=fleeting --cov-report=term:skip-covered

# The page of `fleeting view` is tested in a real browser: Debian's, installed where it is missing and may be.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium and chromium-driver for the tests of the viewer"; \
		apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null 2>&1 || \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver; } >/dev/null 2>&1; \
	fi; \
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	echo "*** NO BROWSER: the viewer is NOT TESTED in one; as root: apt-get install chromium chromium-driver ***" >&2

test-all: test
	@$(MAKE) --no-print-directory test-slow

# By group, so that one Ray cluster is alive at a time. pytest says 5 where it found no test to run: not a failure while there is no slow test.
test-slow: $(VENV)/.has-dev
	@$(PYTEST) --dist loadgroup -m slow || { code=$$?; [ $$code -eq 5 ] && echo "no slow tests yet" || exit $$code; }

lint: $(VENV)/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.has-dev
	$(BIN)/mypy

imports: $(VENV)/.has-dev
	$(BIN)/lint-imports

# The models that ship, from synthetic motion alone; needs the extra [train].
models: $(VENV)/.has-dev
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/make_models.py

# Write down the public names as they are now (see CONTRIBUTING.md).
api-surface: $(VENV)/.has-dev
	$(BIN)/python tests/test_api_surface.py

# Stamps: pip runs again only where what it is told has changed. Editable, so that a change in src/ needs no install.
$(VENV)/.has-dev $(VENV)/.has-demo: $(VENV)/.has-%: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "installing fleeting[$*] into $(VENV): about half a minute"
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]'
	@touch $@

$(VENV)/.made:
	@$(no-python)
	@$(make-venv)
	@touch $@

define no-python
[ -n "$(PYTHON)" ] && $(PYTHON) -c '$(GOOD_PYTHON)' 2>/dev/null || { \
	echo "fleeting needs Python 3.11, 3.12 or 3.13 and found $$( ($(or $(PYTHON),python3) --version || echo none) 2>&1 | tail -1):" \
		"apt-get install python3 python3-venv, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
endef

# Debian splits venv into a package of its own; with pip at hand an environment can be made without it.
define make-venv
if $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
elif $(PYTHON) -c 'import venv' 2>/dev/null && $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	echo "python3-venv is missing (apt-get install python3-venv): going on with pip alone"; \
	$(PYTHON) -m venv --without-pip $(VENV) && \
	$(PYTHON) -m pip --disable-pip-version-check --python $(VENV)/bin/python install --quiet pip; \
else echo "python3-venv and python3-pip are missing: apt-get install python3-venv python3-pip" >&2; exit 1; fi
endef

# Anew from pyproject.toml, with Python 3.11 (the lowest): what it finds resolves on the later ones too.
constraints:
	rm -rf build/pin && python3.11 -m venv build/pin && build/pin/bin/python -m pip install --quiet --upgrade pip
	build/pin/bin/python -m pip install --quiet --dry-run --ignore-installed --report build/pin/report.json \
		'.[dev,train,distributed,serve,language,federated,physiology]'
	build/pin/bin/python .ci/pin.py build/pin/report.json constraints.txt

clean:
	rm -rf $(VENV) build dist $(DEMO_OUT) .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
