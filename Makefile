# Everything that this project does, by one command each. `make` explains itself.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)
export KEDRO_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.PHONY: help setup distill repro test faults lint format viz bench bench-lm hinton lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make the venv with the exact versions of requirements.lock; once

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock names into $(VENV): two to four minutes, once."
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

distill: $(STAMP) ## Run all seven stages on the embedded data, from raw data to the report
	kedro run --pipeline=distill

repro: $(STAMP) ## Run what is out of date, and keep every artifact in DVC
	dvc repro

test: $(STAMP) ## Run the tests
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

faults: $(STAMP) ## Kill, corrupt and starve the store, and kill training; about 40 minutes
	python -m pytest tests/faults tests/training/test_fitting.py -m "faults or not faults" -n 2 -s

lint: $(STAMP) ## Check style, types, the direction of imports, and that dvc.yaml is up to date
	ruff check .
	ruff format --check .
	mypy
	PYTHONPATH=src lint-imports
	kedro dvc --check

format: $(STAMP) ## Mend the style
	ruff check --fix .
	ruff format .

viz: $(STAMP) ## Serve the graph at http://127.0.0.1:4141
	kedro viz run --no-browser

bench: $(STAMP) ## Measure the figures of the README
	PYTHONPATH=src python -m benchmarks

bench-lm: $(STAMP) ## Measure distilling language models on WikiText-2, in DATA; goes on after a kill
	PYTHONPATH=src python -m benchmarks lm

hinton: $(STAMP) ## Train Hinton's table on MNIST, in DATA; two hours, goes on after a kill
	PYTHONPATH=src python -m benchmarks hinton

lock: ## Write requirements.lock anew from pyproject.toml, in a fresh venv
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet torch==2.13.0
	build/lock/bin/pip install --quiet ".[viz,dev]"
	( echo "# Written by 'make lock': every package that the project runs, tests and serves with."; \
	  build/lock/bin/pip freeze --exclude stillroom | sed 's/+cpu$$//' ) > requirements.lock

clean: ## Remove what runs have made; the venv and the DVC cache stay
	rm -rf .stillroom .viz build data/02_examples/* data/03_teachers/ensemble data/03_teachers/licence.json data/04_soft_labels \
	  data/05_students data/06_exports/* data/07_reports/*
