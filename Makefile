# Everything a newcomer types. Each target does its own set-up; only Python 3.11 or newer and make are needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check format clean

demo: .venv/collect.done  ## collect a small benchmark by really training, replay optimizers on it, draw the figures
	$(BIN)/lcbench demo

test: .venv/dev.done  ## the whole test suite
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: .venv/dev.done  ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

format: .venv/dev.done
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build *.egg-info

.venv/python.done:
	$(PYTHON) -c 'import sys; sys.exit("lcbench needs Python 3.11 to 3.13, this is " + sys.version.split()[0]) if not (3, 11) <= sys.version_info[:2] <= (3, 13) else None'
	$(PYTHON) -m venv .venv
	touch $@

.venv/collect.done: .venv/python.done pyproject.toml constraints.txt
	@echo "installing lcbench with what collecting needs (a few minutes, once)"
	$(INSTALL) --editable '.[collect]'
	touch $@

.venv/dev.done: .venv/python.done pyproject.toml constraints.txt
	@echo "installing lcbench with what its tests need (a few minutes, once)"
	$(INSTALL) --editable '.[dev]'
	touch $@ .venv/collect.done
