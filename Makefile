# Two commands: `make report` and `make test`. Each sets up what it needs; `make help` explains the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
FANPIN := $(BIN)/fanpin
JOBS   ?= 2
STUDY  ?=
READY  := $(VENV)/.ready
UV     := UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never $(BIN)/uv

# The same bytes from every build: no clock, no random hash seeds, one thread for each numerical library.
export PYTHONHASHSEED := 0
export SOURCE_DATE_EPOCH := 315532800
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MPLBACKEND := agg

.PHONY: help setup report test lint bench lock clean
.DEFAULT_GOAL := help

help: ## explain the targets
	@echo "fanpin: why households that had left poverty fall back"
	@echo
	@grep -hE '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18
	@echo
	@echo "  make report STUDY=gsoep builds one study; STUDY may name several. Studies: analysis/studies/*.toml"
	@echo "  JOBS=2 steps run at a time. Results: reports/out/index.html"

setup: $(READY) ## install the pinned packages into .venv

$(READY): requirements.lock requirements-setup.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fanpin needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "[setup] installing pinned packages into $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-setup.lock
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock 2>$(VENV)/uv.log || $(UV) --system-certs pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || { cat $(VENV)/uv.log >&2; exit 1; }
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

report: $(READY) ## build every study whose raw files are there, or those named: STUDY=gsoep
	@$(FANPIN) study --make-rules $(STUDY)
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --file=.build/report.mk FANPIN=$(FANPIN) report
	@echo "[report] reports/out/index.html"

# The tests of the Spark engine need Java; where there is none they are skipped and PySpark is not installed.
$(VENV)/.spark: $(READY) requirements-spark.lock
	@command -v java >/dev/null || { echo "[setup] no Java: the tests of the Spark engine will be skipped"; exit 0; }; \
	echo "[setup] installing PySpark for the tests of the Spark engine (once)" && \
	{ $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock 2>$(VENV)/uv.log || $(UV) --system-certs pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock || { cat $(VENV)/uv.log >&2; exit 1; }; }
	@touch $@

test: $(VENV)/.spark ## run every test
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

lint: $(READY) ## style, types and floors alone (the tests run them too)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY) ## time and memory beside named peers, as ratios
	@$(BIN)/python benchmarks/run.py

lock: ## pin all packages anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra spark --constraints requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements-spark.lock
	echo uv | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet --output-file requirements-setup.lock

clean: ## remove what is built; raw files and .venv stay
	rm -rf data/processed reports/out .build
