# BrumTogether. `make help` lists what there is.
# Needs Python 3.11 or newer with venv, and curl (for the library that the packaged mongod uses).

.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help run test chaos smoke bench check compose-test secrets format documents doctor reset lock

BIN := .venv/bin
# Any pip can read the lock files; it need not be a new one, and it shall not ask whether it is.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --require-hashes --no-deps

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runs ## The whole platform on http://127.0.0.1:8000 (PORT, BRUM_DATA), until Ctrl-C
	@exec $(BIN)/brum up

test: .venv/tests ## Every test, on real Kafka, MongoDB and Redis; ARGS="tests/pledges -x" for some
	@$(BIN)/python -m deploy.downloads
	BRUM_EMBEDDED=package $(BIN)/pytest -n 2 --dist loadfile $(ARGS)

chaos: .venv/tests ## The platform under fire, in 45 minutes; ROUNDS=3, SEED=7, ARGS="--only faults --faults F1,F2"
	@$(BIN)/python -m deploy.downloads
	$(BIN)/python -m tests.chaos --rounds $(or $(ROUNDS),1) $(if $(SEED),--seed $(SEED)) $(ARGS)

smoke: .venv/tests ## Four of its faults, in four minutes
	@$(BIN)/python -m deploy.downloads
	$(BIN)/python -m tests.chaos --smoke $(if $(SEED),--seed $(SEED))

bench: .venv/tests ## How fast it is beside other ways, in 25 minutes; ARGS="write_path", ARGS="--rounds 1" for less
	@$(BIN)/python -m deploy.downloads
	@BRUM_EMBEDDED=package $(BIN)/python -m tests.bench $(ARGS)

check: .venv/tests ## Lint, format, types, import rules, generated documents, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m deploy.documents --check
	$(BIN)/python -m deploy.audit
	$(BIN)/hadolint deploy/Dockerfile tests/containers/standins/*/Dockerfile
	$(BIN)/python -m tests.containers.compose config --quiet
	$(BIN)/python -m tests.containers.compose -f docker-compose.yml -f deploy/compose.development.yml config --quiet

compose-test: .venv/tests ## The containers, run and tried on a Docker engine; STANDINS=1 builds stand-ins of all images
	@$(BIN)/python -m deploy.downloads
	$(BIN)/python -m tests.containers.run

secrets: ## The secret that containers share, in secrets/brum; left alone if it is there
	@file="$${BRUM_SECRET_FILE:-secrets/brum}"; test -s "$$file" || { \
	    umask 022 && mkdir -p -m 700 "$$(dirname "$$file")" && \
	    head -c 48 /dev/urandom | base64 | tr -d '\n' > "$$file" && chmod 444 "$$file" && echo "Made $$file"; }

format: .venv/tests ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

documents: .venv/runs ## Write openapi.json and asyncapi.json anew from the code
	$(BIN)/python -m deploy.documents

doctor: .venv/runs ## What is wrong with this machine, and how to mend it
	@exec $(BIN)/brum doctor

reset: .venv/runs ## Delete all data of this checkout's platform
	@exec $(BIN)/brum reset

lock: .venv/tests ## Write requirements*.txt anew from requirements*.in, with the newest versions that fit
	@for name in requirements requirements-embedded requirements-dev; do \
	    echo "locking $$name.txt"; \
	    $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	        $$name.in --output-file $$name.txt || exit 1; \
	done

# The environment. A file in it tells for which state of the locks it was made, so that nothing is done twice.

$(BIN)/python:
	@python=$$(for each in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$each -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then echo $$each; break; fi; done); \
	if [ -z "$$python" ]; then \
	    echo "Python 3.11 or newer with its venv module is needed (Debian and Ubuntu: apt-get install python3-venv);" >&2; \
	    echo "if it has another name, say: make PYTHON=/path/to/python" >&2; exit 1; fi; \
	echo "Making .venv with $$($$python --version)"; \
	$$python -m venv .venv

.venv/runs: requirements.txt requirements-embedded.txt | $(BIN)/python
	@echo "Installing what the platform runs on, about 150 MB the first time"
	$(PIP) -r requirements.txt -r requirements-embedded.txt
	@# The checkout itself: importable from anywhere in this environment, and the command `brum`.
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/brumtogether.pth"
	@printf '#!%s\nfrom deploy.cli import main\n\nmain()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/brum
	@chmod +x $(BIN)/brum
	@touch $@

.venv/tests: requirements-dev.txt .venv/runs
	@echo "Installing what tests and lints it"
	$(PIP) -r requirements-dev.txt
	@touch $@
