# Everything that a person, Jenkins and CI type. Each target does its own set-up.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# A night: its date, overlays and patches, such as
#   make retrain DATE=2026-11-20 CONFIG=config/examples/uci-sms.yaml PATCH='training.search.folds=3 text.preset=ascii'
DATE    ?= $(shell date -u +%F)
CONFIG  ?=
PATCH   ?=
WORKERS ?= 2
OUT     ?= out
# The demo's sample data.
ROWS    ?= 20000

RETRAIN = $(BIN)/luigi --module tasks Retrain --date '$(DATE)' --workers '$(WORKERS)' \
	$(if $(CONFIG),--config $(CONFIG)) $(if $(PATCH),--patch $(PATCH))

.PHONY: help setup demo test lint retrain export lock down

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/.installed  ## virtual environment and the locked dependencies

$(VENV)/.installed: requirements.lock setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or later is needed: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## start everything embedded, make sample data, run a night
	$(BIN)/nightsieve up
	@eval "$$($(BIN)/nightsieve env)" && set -x \
		&& $(BIN)/nightsieve sample --rows $(ROWS) \
		&& $(RETRAIN) \
		&& $(BIN)/nightsieve runs fetch '$(DATE)' --to '$(OUT)'
	@echo 'Everything keeps running. In your shell: eval "$$($(BIN)/nightsieve env)". To stop: make down'

test: setup lint  ## every test
	$(BIN)/python -m pytest $(PYTEST)

lint: setup  ## style, and the layers between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

retrain: setup  ## a night, against what the environment names: DATE, CONFIG, PATCH, WORKERS
	$(RETRAIN)

export: setup  ## a night's summary, model, pipeline and manifest into OUT
	$(BIN)/nightsieve runs fetch '$(DATE)' --to '$(OUT)'
	$(BIN)/nightsieve runs show '$(DATE)' > '$(OUT)/summary.txt'

lock: setup  ## write requirements.lock anew from setup.py
	$(BIN)/uv pip compile setup.py --quiet --universal --python-version 3.11 --extra test --extra build \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --output-file requirements.lock

down:  ## stop the embedded services; the data stay
	$(BIN)/nightsieve down
