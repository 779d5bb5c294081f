# londata: one command to work with it, `make up`, and one to check it, `make test`.
# The environment is made on first use and again when what it is made of changes.

PYTHON ?= python3
PORT ?=
VENV := .venv
BIN := $(VENV)/bin
SETUP := hub-config/setup
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: up
up: environment ## Start the hub and print its address and users; PORT=… for another port
	@$(BIN)/londata-hub up $(if $(PORT),--port $(PORT))

.PHONY: environment
environment: $(VENV)/.installed node_modules/.installed ## Install everything locally, without starting anything

# Runs every time, takes a moment, and comes before anything is made.
.PHONY: system
system:
	@$(SETUP)/check-system.sh $(PYTHON)

$(VENV)/.installed: constraints.txt pyproject.toml | system
	@echo "Making $(VENV) (once; some minutes) …"
	@$(SETUP)/quietly.sh var/logs/venv.log $(PYTHON) -m venv $(VENV)
	@$(SETUP)/quietly.sh var/logs/pip.log $(BIN)/python -m pip install --require-hashes -r constraints.txt
	@$(SETUP)/quietly.sh var/logs/pip-londata.log $(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q sdk hub-config # Nothing in a sandbox may write beside the code
	@touch $@

node_modules/.installed: package.json package-lock.json | system
	@echo "Installing the hub's proxy …"
	@$(SETUP)/quietly.sh var/logs/npm.log npm ci --no-audit --no-fund
	@touch $@

.PHONY: test
test: test-system environment ## Install what the tests need and run them all
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: check
check: $(VENV)/.installed ## The fast part: ruff, strict types, the floors
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: bench
bench: environment ## Measure, as ratios against peers in the same run
	@$(BIN)/python -m benchmarks

# Debian packages that only the tests need (Chromium, PostgreSQL): installed where that is possible, else named.
.PHONY: test-system
test-system:
	@$(SETUP)/test-system.sh $(PYTHON)

.PHONY: lock
lock: ## Pin every dependency again, with hashes and without addresses (needs uv)
	uv pip compile pyproject.toml --all-extras --group dev --group build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet \
		--output-file constraints.txt
