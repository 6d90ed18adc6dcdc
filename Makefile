# Everything a developer types. Each target makes what it needs first, inside this folder alone.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# What the tests need of npm: Stripe's Node SDK and CLI, and a second Step Functions engine.
CLIENTS := tests/contracts/node
CLIENTS_INSTALLED := $(CLIENTS)/node_modules/.package-lock.json
# The TypeScript client, its generator and compiler.
CLIENT := clients/typescript
CLIENT_INSTALLED := $(CLIENT)/node_modules/.package-lock.json
# The operators' console: a page that is built here, and served by ops/console.
CONSOLE := ops/console/web
CONSOLE_INSTALLED := $(CONSOLE)/node_modules/.package-lock.json
CONSOLE_BUILT := $(CONSOLE)/dist/index.html
STATE := $(or $(SCAI_STATE_DIR),.local)

# Whether a stack may run: one was started, and the interpreter that it runs on is there.
MAY_RUN := [ -e "$(STATE)/supervisor.pid" ] && [ -x $(BIN)/python ]

# Caches stay in the repository, unless you already keep them elsewhere.
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export npm_config_cache ?= $(CURDIR)/.cache/npm
export PLAYWRIGHT_BROWSERS_PATH ?= $(CURDIR)/.cache/browsers
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# PYTHON=/path/to/python chooses the interpreter; otherwise the first one that is new enough.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$candidate; break; }; done)

.PHONY: help
help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(INSTALLED) $(CONSOLE_BUILT) ## start the whole system here; Ctrl-C stops everything
	@$(BIN)/python -m local.stack run

.PHONY: up
up: $(INSTALLED) $(CONSOLE_BUILT) ## start the whole system in the background
	@$(BIN)/python -m local.stack up

.PHONY: down
down: ## stop what `make up` or `make run` started
	@if $(MAY_RUN); then $(BIN)/python -m local.stack down; else echo "Nothing is running."; fi

.PHONY: status
status: $(INSTALLED) ## say whether it runs, and where
	@$(BIN)/python -m local.stack status

.PHONY: demo
demo: $(INSTALLED) ## buy a subscription on the running system, step by step
	@$(BIN)/python -m local.stack demo

.PHONY: stripe
stripe: $(INSTALLED) ## start only the local Stripe, an empty account; Ctrl-C ends it
	@$(BIN)/python -m local.stripe_simulator

.PHONY: deploy
deploy: $(INSTALLED) ## build and deploy to AWS, by samconfig.toml and your AWS profile
	@PATH="$(CURDIR)/$(BIN):$$PATH" sam build
	@PATH="$(CURDIR)/$(BIN):$$PATH" sam deploy --parameter-overrides "Revision=`date -u +%Y%m%dT%H%M%SZ`" $(PARAMETERS)

.PHONY: test
test: $(INSTALLED) $(CLIENTS_INSTALLED) $(CLIENT_INSTALLED) $(CONSOLE_BUILT) ## run every test
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m pytest -n auto

.PHONY: simulate
simulate: $(INSTALLED) ## play random histories, on all cores: HISTORIES=200000 SEED=0
	@PYTHONPATH=functions $(BIN)/python -m tests.simulation \
		--histories $(or $(HISTORIES),200000) --seed $(or $(SEED),0)

.PHONY: lint
lint: $(INSTALLED) $(CONSOLE_BUILT) ## check style, types and the template
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/cfn-lint template.yaml

.PHONY: format
format: $(INSTALLED) ## put the code in its standard format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

.PHONY: lock
lock: $(INSTALLED) ## pin what pyproject.toml asks for, with hashes
	@$(BIN)/$(COMPILE) --group dev pyproject.toml -o requirements-dev.txt
	@$(BIN)/$(COMPILE) -c requirements-dev.txt pyproject.toml -o layer/requirements.txt
	@$(BIN)/npm install --prefix $(CLIENTS) --package-lock-only
	@$(BIN)/npm install --prefix $(CLIENT) --package-lock-only
	@$(BIN)/npm install --prefix $(CONSOLE) --package-lock-only

.PHONY: schemas
schemas: $(INSTALLED) ## write docs/events from the facts' contracts
	@PYTHONPATH=functions $(BIN)/python -m tools.event_schemas

.PHONY: openapi
openapi: $(INSTALLED) ## write functions/api/openapi.json from the API's routes
	@PYTHONPATH=functions $(BIN)/python -m tools.openapi

.PHONY: client
client: openapi $(CLIENT_INSTALLED) ## write clients/typescript/src from the API's document
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm run generate --silent --prefix $(CLIENT)

.PHONY: console
console: $(INSTALLED) ## write the console's OpenAPI document, and build its page
	@PYTHONPATH=functions $(BIN)/python -m tools.console_openapi
	@$(MAKE) --no-print-directory $(CONSOLE_BUILT)

.PHONY: mocks
mocks: $(INSTALLED) ## write tests/machines/MockConfigFile.json from the machines' cases
	@PYTHONPATH=functions $(BIN)/python -m tests.machines.mock_config

.PHONY: clean
clean: ## stop it, and remove everything that make made
	-@if $(MAY_RUN); then $(BIN)/python -m local.stack down; fi
	@rm -rf $(VENV) $(CLIENTS)/node_modules $(CLIENT)/node_modules $(CLIENT)/dist
	@rm -rf $(CONSOLE)/node_modules $(CONSOLE)/dist $(CONSOLE)/src/api
	@rm -rf .cache .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The virtual environment is made anew whenever its pins change: nothing stale is left in it. A stack
# that runs on it is stopped first; a broken environment, which can't, must not keep us from a new one.
$(INSTALLED): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer, with venv, is needed: install it" \
		"(Debian, Ubuntu: python3-venv), or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not Python 3.11 or newer: name one that is, by PYTHON=" >&2; exit 1; }
	@echo "Making $(VENV) with `$(PYTHON) -V`: about a minute the first time"
	-@if $(MAY_RUN); then $(BIN)/python -m local.stack down && rm -f "$(STATE)/supervisor.pid"; fi
	@$(PYTHON) -m venv --clear $(VENV)
	@{ $(BIN)/python -m pip install --no-deps --require-hashes --progress-bar off -r $< 2>&1; \
		echo "exit $$?"; } | awk ' \
		/^(Collecting|Processing)/ && ++n % 20 == 0 { print "  " n " packages fetched"; fflush() } \
		/^Installing/ { print "  installing " n " packages"; fflush() } \
		/^ERROR/ { failed = 1 } \
		/^exit/ { exit $$2 } \
		failed'
	@$(BIN)/python -m pip install --no-deps --no-build-isolation --quiet --editable .
	@touch $@

$(CLIENTS_INSTALLED): $(CLIENTS)/package-lock.json $(INSTALLED)
	@echo "Fetching Stripe's Node SDK and CLI, and a Step Functions engine"
	@$(BIN)/npm ci --prefix $(CLIENTS) --loglevel error
	@touch $@

$(CLIENT_INSTALLED): $(CLIENT)/package-lock.json $(INSTALLED)
	@echo "Fetching the TypeScript client's generator and compiler"
	@$(BIN)/npm ci --prefix $(CLIENT) --loglevel error
	@touch $@

$(CONSOLE_INSTALLED): $(CONSOLE)/package-lock.json $(INSTALLED)
	@echo "Fetching what the console's page is made of"
	@$(BIN)/npm ci --prefix $(CONSOLE) --loglevel error
	@touch $@

# Its types are checked on the way.
$(CONSOLE_BUILT): $(CONSOLE_INSTALLED) $(wildcard $(CONSOLE)/*.html $(CONSOLE)/*.json $(CONSOLE)/*.ts) \
		$(shell find $(CONSOLE)/src -path $(CONSOLE)/src/api -prune -o -type f -print)
	@echo "Building the console's page"
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm run build --silent --prefix $(CONSOLE)
