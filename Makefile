# The commands of this project. `make` alone prints the list.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
# `make lock` takes these versions. PyPI has no build of torch for CPUs: requirements-torch-cpu.lock is
# written by hand, with `pip hash` of the wheel.
TORCH := 2.13.0
APPNOPE := 0.1.4
LOCKS := requirements-torch.lock requirements.lock
EXTRAS := requirements-extras.lock
AUDIT := build/audit/bin/pip-audit --disable-pip --require-hashes --requirement build/requirements.txt
COMPILE := build/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
export PATH := $(CURDIR)/$(BIN):$(PATH)
export KEDRO_DISABLE_TELEMETRY := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help setup extras distill repro test faults hostile lint format viz docs bench bench-lm bench-chat hinton lock audit sbom clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create the venv with the versions of the requirements files

# The files name every package, so pip follows no dependencies. The builds of torch for CPUs and for
# GPUs differ in them: the last line adds those of a GPU build, whose versions torch's wheel pins.
$(STAMP): $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Run: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages of requirements.lock into $(VENV). This takes two to four minutes, once."
	@$(INSTALL) --require-hashes --no-deps --requirement requirements-torch-cpu.lock 2>/dev/null \
	  || $(INSTALL) --require-hashes --no-deps --requirement requirements-torch.lock
	@$(INSTALL) --require-hashes --no-deps --requirement requirements.lock
	@$(INSTALL) torch
	@touch $@

extras: $(VENV)/.extras ## Install the extras adapters (LoRA) and trainers (TRL) too

$(VENV)/.extras: $(STAMP) $(EXTRAS)
	@$(INSTALL) --require-hashes --no-deps --requirement $(EXTRAS)
	@touch $@

distill: $(STAMP) ## Run all seven stages on the embedded data, from raw data to the report
	kedro run --pipeline=distill

repro: $(STAMP) ## Run the stages that are out of date; DVC keeps every artifact
	dvc repro

test: $(STAMP) ## Run the tests
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

faults: $(STAMP) ## Run the tests of faults and the simulations in full size; tens of minutes
	python -m pytest -m faults -n 2

hostile: $(STAMP) ## Run hostile inputs at every door, then the fuzzers; an hour
	python -m pytest -m hostile -n 2 tests/hostile

lint: $(STAMP) ## Check style, types, import directions, and that dvc.yaml is up to date
	ruff check .
	ruff format --check .
	mypy
	PYTHONPATH=src lint-imports
	kedro dvc --check

format: $(STAMP) ## Correct the style
	ruff check --fix .
	ruff format .

viz: $(STAMP) ## Show the pipeline in Kedro-Viz at http://127.0.0.1:4141
	kedro viz run --no-browser

docs: build/docs_venv/.installed ## Build the documentation site into build/docs
	build/docs_venv/bin/python -m mkdocs build --strict
	@echo "Open build/docs/index.html"

build/docs_venv/.installed: requirements-docs.lock
	@echo "Installing the packages of requirements-docs.lock into build/docs_venv. This takes half a minute, once."
	@rm -rf build/docs_venv && $(PYTHON) -m venv build/docs_venv
	@build/docs_venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-docs.lock
	@touch $@

bench: $(STAMP) ## Measure the figures in the README
	PYTHONPATH=src python -m benchmarks

bench-lm: $(STAMP) ## Measure language models on WikiText-2 in DATA; can be resumed
	PYTHONPATH=src python -m benchmarks lm

bench-chat: $(STAMP) ## Measure chat models on GSM8K in DATA; an hour; can be resumed
	PYTHONPATH=src python -m benchmarks chat

hinton: $(STAMP) ## Measure Hinton's table on MNIST in DATA; 2 hours; can be resumed
	PYTHONPATH=src python -m benchmarks hinton

lock: ## Write the requirements files from pyproject.toml, with the hash of each file
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --require-hashes --no-deps --requirement requirements-audit.lock
	printf 'cyclonedx-bom\npip-audit\npip-tools\n' > build/lock/audit.in
	build/lock/bin/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  print(*project["optional-dependencies"]["docs"], sep="\n")' > build/lock/docs.in
	$(COMPILE) --extra project --extra viz --extra dev --unsafe-package torch \
	  --output-file build/lock/all.txt pyproject.toml
	$(COMPILE) --extra project --extra viz --extra dev --extra adapters --extra trainers --unsafe-package torch \
	  --constraint build/lock/all.txt --output-file build/lock/extras.txt pyproject.toml
	$(COMPILE) --output-file build/lock/docs.txt build/lock/docs.in
	$(COMPILE) --allow-unsafe --output-file build/lock/audit.txt build/lock/audit.in
	( echo "# Written by 'make lock': every package that the project runs, tests and serves with, but torch."; \
	  grep -v '^# ' build/lock/all.txt; \
	  echo 'appnope==$(APPNOPE) ; platform_system == "Darwin" \'; \
	  build/lock/bin/python .ci/release_hashes.py appnope $(APPNOPE) | tail -n +2 ) > requirements.lock
	( echo "# Written by 'make lock': the packages of the extras adapters and trainers, beside those of requirements.lock."; \
	  build/lock/bin/python .ci/only_new.py build/lock/extras.txt build/lock/all.txt ) > requirements-extras.lock
	( echo "# Written by 'make lock': torch, the wheels of PyPI. On Linux they are the builds for GPUs."; \
	  build/lock/bin/python .ci/release_hashes.py torch $(TORCH) ) > requirements-torch.lock
	( echo "# Written by 'make lock': every package that builds the documentation."; \
	  cat build/lock/docs.txt ) > requirements-docs.lock
	( echo "# Written by 'make lock': the packages that lock and audit the others, which are not installed with them."; \
	  grep -v '^# ' build/lock/audit.txt ) > requirements-audit.lock

audit: build/audit/.installed ## Look the locked packages up in the databases of known vulnerabilities
	$(AUDIT)

sbom: build/audit/.installed ## Write build/sbom.json, the list of the locked packages (CycloneDX)
	build/audit/bin/cyclonedx-py requirements build/requirements.txt --output-file build/sbom.json

build/audit/.installed: $(LOCKS) $(EXTRAS) requirements-audit.lock
	@rm -rf build/audit && $(PYTHON) -m venv build/audit
	@build/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-audit.lock
	@cat $(LOCKS) $(EXTRAS) > build/requirements.txt
	@touch $@

clean: ## Remove the results of all runs; the venv and the DVC cache stay
	rm -rf .stillroom .viz build data/02_examples/* data/03_teachers/ensemble data/03_teachers/licence.json data/04_soft_labels \
	  data/05_students data/06_exports/* data/07_reports/*
