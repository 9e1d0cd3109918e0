# Everything a newcomer types. Each target does its own set-up; only Python 3.11 or newer and make are needed.
PYTHON ?= python3
BIN := .venv/bin
ADAPTERS := .venv-adapters/bin
# Tests that need those packages, and some that hold what reads and replays a table to the older pandas that NePS asks for.
ADAPTED := tests/simulate/test_adapters.py tests/lcbench/test_syne_tune_door.py tests/simulate/test_replay.py tests/simulate/test_study.py tests/lcbench/test_benchmark.py tests/lcbench/test_space.py
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TEST := -m pytest --numprocesses 2 --dist worksteal

.PHONY: demo test test-all test-adapters lint check format clean

demo: .venv/collect.done  ## collect a small benchmark by really training, replay optimizers on it, draw the figures
	$(BIN)/lcbench demo

test: .venv/dev.done  ## all tests but the slow ones from end to end
	$(BIN)/python $(TEST) -m "not slow"

test-all: .venv/dev.done  ## all tests
	$(BIN)/python $(TEST)

test-adapters: .venv-adapters/adapters.done  ## the adapters, with the real Optuna, SMAC3, Syne Tune and NePS
	$(ADAPTERS)/python $(TEST) $(ADAPTED)

lint: .venv/dev.done  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test  ## style, types and tests

format: .venv/dev.done
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-adapters build *.egg-info

%/python.done:
	$(PYTHON) -c 'import sys; sys.exit("lcbench needs Python 3.11 to 3.13, this is " + sys.version.split()[0]) if not (3, 11) <= sys.version_info[:2] <= (3, 13) else None'
	$(PYTHON) -m venv $*
	touch $@

.venv/collect.done: .venv/python.done pyproject.toml constraints.txt
	@echo "installing lcbench with what collecting needs (a few minutes, once)"
	$(INSTALL) --editable '.[collect]'
	touch $@

.venv/dev.done: .venv/python.done pyproject.toml constraints.txt
	@echo "installing lcbench with what its tests need (a few minutes, once)"
	$(INSTALL) --editable '.[dev]'
	touch $@ .venv/collect.done

# The real packages cannot all be installed beside what the tests above need, so they have an environment of their own.
.venv-adapters/adapters.done: .venv-adapters/python.done pyproject.toml constraints-adapters.txt
	@echo "installing lcbench with Optuna, SMAC3, Syne Tune and NePS (a few minutes, once)"
	$(ADAPTERS)/python -m pip install --quiet --disable-pip-version-check --constraint constraints-adapters.txt --editable '.[adapters]'
	$(ADAPTERS)/python -W ignore -c 'import optuna, smac, syne_tune, neps'
	touch $@
