# Rollcall: every command a newcomer needs. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PACK   ?= pypi
SEED   ?= 1
PORT   ?= 8000
STRANGERS ?= $(if $(ROLLCALL_FACES),$(ROLLCALL_FACES)/lfw)
WORKERS ?= 2
SESSIONS ?= 200
CASES ?= 20
TEST_HALF := $(foreach set,people strangers cohort,--$(set) build/faces/test/$(set))
export FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help setup pack demo serve test test-slow faces calibrate evaluate duplicates classroom splits ablate retrain-report bench bench-peers bench-blas units openapi api-test lint types lock format clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{split($$1, target, ":"); printf "  make %-14s %s\n", target[1], $$2}'

$(VENV)/.installed: requirements.txt requirements-dev.txt constraints.txt layers/api/requirements.txt layers/vision/requirements.txt training/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Rollcall needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@echo "Installing what Rollcall needs into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.installed  ## make the virtual environment

pack: setup  ## build the model pack PACK=pypi, or yunet-reid0095 (docs/packs.md)
	@$(PY) -m layers.packs build $(PACK)

demo: pack  ## play a class through the API (SEED=n; FACES=DIR [STRANGERS=DIR] for real photographs)
	@$(PY) -m infra.demo --seed $(SEED) $(if $(FACES),--faces "$(FACES)") $(if $(STRANGERS),--strangers "$(STRANGERS)")

serve: pack  ## run Rollcall on this machine (PORT=8000; USERS=1: three accounts to try) until Ctrl-C
	@$(PY) -m infra.local --port $(PORT) --pack-dir build/packs/$(PACK) $(if $(USERS),--users)

test: lint types pack  ## everything that must hold, in under ten minutes
	$(PY) -m pytest -n $(WORKERS) -m "not slow"

test-slow: pack  ## what takes longer: more seeds, a peer and the sagemaker SDK in venvs of their own, hostile bytes (FUZZ_SECONDS=n)
	$(PY) -m pytest -m slow

faces: setup
	@test -n "$(ROLLCALL_FACES)" || { echo "Set ROLLCALL_FACES to a folder with lfw/<Name>/*.jpg (see the README)."; exit 2; }
	@$(PY) -m training.split --faces "$(ROLLCALL_FACES)/lfw" --into build/faces

calibrate: pack faces  ## choose the thresholds of PACK on the calibration half of ROLLCALL_FACES
	$(PY) -m training.calibrate --pack $(PACK) --cache build/features --write
	@$(PY) -m layers.packs build $(PACK)

evaluate: pack faces  ## measure PACK on the test half of ROLLCALL_FACES: build/evaluation-PACK.json and .html
	$(PY) -m training.evaluate $(TEST_HALF) --pack $(PACK) --degrade --cache build/features --out build/evaluation-$(PACK).json

duplicates: pack faces  ## who is enrolled under two names: found and falsely alarmed, build/duplicates-PACK.json
	$(PY) -m training.duplicates $(TEST_HALF) --pack $(PACK) --cache build/features --out build/duplicates-$(PACK).json

classroom: pack faces  ## whole sessions of the test half: build/classroom-PACK.json (SESSIONS=200)
	$(PY) -m training.evaluate_classroom $(TEST_HALF) --pack $(PACK) --sessions $(SESSIONS) --cache build/features --out build/classroom-$(PACK).json

splits: pack faces  ## is the promised FPIR kept, whoever calibrates? build/splits-PACK.json
	$(PY) -m training.repeat_splits --faces "$(ROLLCALL_FACES)/lfw" --pack $(PACK) --cache build/features --out build/splits-$(PACK).json

ablate: pack faces  ## what each part of recognition pays, on the calibration half: build/ablation-PACK.json
	$(PY) -m training.ablate --pack $(PACK) --cache build/features --out build/ablation-$(PACK).json

retrain-report: pack faces  ## what retraining would be worth, and what the gate says of it: build/retrain-report.json
	$(PY) -m training.retrain_report --pack $(PACK) --cache build/features --out build/retrain-report.json

bench: pack  ## speed beside peers: a table and build/bench.json (PACK=pypi; BENCH=--pairs compares accuracy on pairs)
	@$(PY) -m tests.bench --pack $(PACK) $(BENCH)

bench-peers: setup  ## environments of face_recognition and the mtcnn package, for make bench; some 2 GB
	@$(PY) -m tests.bench.environments face_recognition mtcnn

bench-blas: setup  ## the same with dlib compiled for BLAS and AVX2; once, half an hour or more
	@$(PY) -m tests.bench.environments dlib-blas

units: setup  ## requests and units of every use case: build/units.json and the tables of docs/scale.md
	@$(PY) -m tests.bench.units

openapi: setup  ## write docs/openapi.json anew from the routes
	@$(PY) -m tests.contract.document docs/openapi.json

api-test: setup  ## hostile and ordinary requests to every route, as every role: build/api-test.json (CASES=20)
	@$(PY) -m tests.contract --cases $(CASES)

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
