# Everything that a person, Jenkins and CI type. Each target does its own set-up.

SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# A night: its date (empty: the last complete day, UTC), overlays (blanks between) and patches (one a line), such as
#   make retrain DATE=2026-11-20 CONFIG=config/examples/uci-sms.yaml PATCH='training.search.folds=3'
# Asked for by $(value): what a parameter of Jenkins' holds is never expanded.
ifeq ($(value DATE),)
DATE := $(shell $(PYTHON) -c 'import datetime as d; print((d.datetime.now(d.timezone.utc) - d.timedelta(1)).date())')
endif
ifeq ($(value CONFIG),)
CONFIG := config/pipeline.yaml
endif
PATCH   ?=
WORKERS ?= 2
OUT     ?= out
# How much demo data the demo makes.
ROWS    ?= 20000

# .ci/night, not make, puts these into commands, and as whole words: nothing in them is run.
export DATE CONFIG PATCH WORKERS OUT ROWS VENV

.PHONY: help setup demo serve test test-serving test-examples golden bench search-benchmark faults lint docs night retrain export lock down

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 26

setup: $(VENV)/.core  ## the virtual environment with what a night needs

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/.core: requirements/core.lock setup.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo 'Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/core.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# What an extra adds to the core: a lock holds only that, so both are given.
$(VENV)/.%: requirements/%.lock $(VENV)/.core
	$(PIP) --require-hashes -r requirements/core.lock -r $<
	@touch $@

demo: setup  ## start everything embedded, make demo data, run a night
	$(BIN)/nightsieve up
	@eval "$$($(BIN)/nightsieve env)" \
		&& $(BIN)/nightsieve demo-data --rows "$$ROWS" --until "$$DATE" \
		&& .ci/night retrain \
		&& .ci/night export
	@echo 'Everything keeps running. Point your shell at it: eval "$$($(BIN)/nightsieve env)". Stop it: make down'

serve: setup $(VENV)/.serve  ## answer over HTTP with the model that the demo, or your last night, has published
	@eval "$$($(BIN)/nightsieve env)" && $(BIN)/nightsieve serve

# Suites of their own, which `make test` runs only where CI is set.
SUITES := golden faults serving examples

# Where CI is set, a browser looks at the report, with what .ci/package-lock.json names, the documentation is built,
# every module of the benchmarks is imported, and whole nights are compared with what they computed before.
test: lint $(if $(CI),$(VENV)/.docs $(VENV)/.bench .ci/node_modules/.package-lock.json)  ## every test of the night; with CI set all suites
	$(BIN)/python -m pytest $(addprefix --ignore=tests/,$(SUITES)) $(PYTEST)
	$(if $(CI),$(BIN)/python -m pytest -n0 tests/golden tests/faults)
	$(if $(CI),$(MAKE) test-serving test-examples)

test-serving: $(VENV)/.test $(VENV)/.serve  ## the suite of `nightsieve serve`
	$(BIN)/python -m pytest tests/serving

test-examples: $(VENV)/.test $(VENV)/.serve $(VENV)/.examples $(VENV)-tools/.tools  ## the suite of examples/
	$(BIN)/python -m pytest tests/examples

# What checks files has an environment of its own: what it needs need not fit the rest.
$(VENV)-tools/.tools: requirements/tools.lock
	$(PYTHON) -m venv $(VENV)-tools
	$(VENV)-tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.ci/node_modules/.package-lock.json: .ci/package-lock.json
	npm ci --prefix .ci
	@touch $@

golden: $(VENV)/.test  ## run two nights on the demo's messages and two on UCI's, compare with tests/golden/*.json
	$(BIN)/python -m tests.golden

bench: ROWS := $(if $(filter file,$(origin ROWS)),3000000,$(ROWS))
bench: $(VENV)/.test $(VENV)/.bench $(VENV)/.serve $(VENV)/.examples  ## measure what benchmarks/README.md shows, nights on tables around ROWS (some hours)
	set -e; for name in parity.agreement parity.size parity.scoring \
		labelling.rule_speed labelling.votes labelling.weak_labels \
		training.grid_search training.blocks night.task_overhead gate.thirty_nights \
		serving.load serving.mixed serving.parity serving.outages serving.swap serving.start serving.memory \
		serving.cold_start; \
		do $(BIN)/python -m benchmarks.$$name; done
	set -e; for name in night.whole_night night.growth night.headroom; \
		do $(BIN)/python -m benchmarks.$$name --rows "$$ROWS"; done
	$(BIN)/python -m benchmarks.readme

faults: $(VENV)/.test  ## one fault at each stage of a small night, and flipped bits of every object (about an hour)
	$(BIN)/python -m benchmarks.faults.matrix
	$(BIN)/python -m benchmarks.faults.flips

lint: $(VENV)/.test $(VENV)/.serve  ## style, types, and the layers between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs  ## build the documentation into docs/_build/html; a dead link or a missing page fails
	$(BIN)/sphinx-build --fail-on-warning --keep-going docs docs/_build/html

night:  ## say the last complete day, which is the default DATE
	@echo "$$DATE"

# make exits with 2 whatever a recipe's code is, and says the code: "Error 50". A program calls .ci/night itself.
retrain: setup  ## a night, against what the environment names: DATE, CONFIG, PATCH, WORKERS
	@.ci/night retrain

export: setup  ## a night's model, pipeline, manifest, summary and report into OUT; DATE, CONFIG, PATCH: which
	@.ci/night export

search-benchmark: $(VENV)/.test $(VENV)/.bench  ## measure the grid search; figures, page and JUnit file into OUT
	$(BIN)/python -m benchmarks.training.grid_search --output "$$OUT"
	$(BIN)/python -m benchmarks.report grid_search --results "$$OUT" --to "$$OUT"

EXTRAS  := $(filter-out core tools,$(basename $(notdir $(wildcard requirements/*.lock))))
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url

# All is resolved together, so that no two locks hold different versions. Then each extra's lock gets what it adds to the core.
lock: $(VENV)/.test  ## write requirements/*.lock from setup.py, with the newest versions
	set -e; all=$$(mktemp); trap 'rm -f "$$all"' EXIT; \
	$(COMPILE) setup.py --all-extras --upgrade --output-file "$$all"; \
	$(COMPILE) setup.py --extra build --constraint "$$all" --upgrade --output-file requirements/core.lock; \
	for extra in $(EXTRAS); do \
		$(COMPILE) setup.py --extra "$$extra" --constraint "$$all" --upgrade --output-file "requirements/$$extra.lock" \
			$$(sed -nE 's/^([A-Za-z0-9._-]+)==.*/--no-emit-package=\1/p' requirements/core.lock); \
	done
	$(COMPILE) requirements/tools.in --upgrade --output-file requirements/tools.lock

down: setup  ## stop the embedded services; the data stay
	$(BIN)/nightsieve down
