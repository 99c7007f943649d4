# A convenience for Linux and macOS; elsewhere: pip install -c constraints.txt "fewpix[all]" && fewpix quickstart
# Each target alone is enough on a fresh machine with Python 3.11 or newer. PYTHON=python3.12 picks another one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: help quickstart test test-all lint tables clean

help:
	@echo "make quickstart  the whole way on sample faces, ending in quickstart/report.html"
	@echo "make test        the tests that take minutes"
	@echo "make test-all    those and the slow ones"
	@echo "make lint        ruff and mypy"
	@echo "make tables      the tables of README and docs, from results/"
	@echo "make clean       remove .venv and what the tools left behind"

quickstart: $(VENV)/.installed-all
	$(BIN)/fewpix quickstart

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-all: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

tables: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.tables.documents README.md docs/*.md docs/cli/*.md

# A stamp is newer than the two files that decide what is installed, so a second call installs nothing.
$(VENV)/.installed-all: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	@echo "installing fewpix and what it needs into $(VENV) (PyTorch is large; minutes, once) ..."
	$(PIP) -e ".[all]"
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	@echo "installing fewpix and its tests into $(VENV) (PyTorch is large; minutes, once) ..."
	$(PIP) -e ".[test]"
	@touch $@ $(VENV)/.installed-all

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit("fewpix needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
