# `make dev` runs the service, `make test` passes the tests; each installs what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help dev demo bench bench-check test test-unit check prove mutate audit clean requirements openapi install

PYTHON ?= python3
BIN := .venv/bin

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

install: .venv/.installed ## install what the project needs into .venv

# Make a virtual environment $(1) and install the pinned packages of $(2) into it, saying how far it is.
define installed
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not found. Name a Python that is: make PYTHON=python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sojourn needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(1) || { echo "python3 -m venv failed; on Debian and Ubuntu install python3-venv."; exit 1; }
	@set -o pipefail; $(1)/bin/python -m pip install --disable-pip-version-check --progress-bar off --no-deps --require-hashes \
	    -r $(2) 2>&1 | tee $(1)/install.log | awk -v total="$$(grep -cE '^[a-zA-Z0-9]' $(2))" \
	    '/^ *(Collecting|Requirement already)/ && ++n % 10 == 0 { print "  " n " of " total " packages"; fflush() } \
	     /^Installing collected/ { print "  unpacking them"; fflush() }' || \
	  { tail -n 5 $(1)/install.log; echo "Installing failed, see $(1)/install.log: is a package index reachable?"; exit 1; }
endef

.venv/.installed: requirements/dev.txt pyproject.toml cli/pyproject.toml client/pyproject.toml
	@echo "Installing into .venv (once, about a minute) …"
	$(call installed,.venv,requirements/dev.txt)
	@for each in . ./cli ./client; do $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e $$each || exit 1; done
	@touch $@
	@echo "Installed."

.venv-sam/.installed: requirements/sam.txt
	@echo "Installing the SAM CLI into .venv-sam (once) …"
	$(call installed,.venv-sam,requirements/sam.txt)
	@touch $@

.venv-audit/.installed: requirements/audit.txt
	@echo "Installing pip-audit into .venv-audit (once) …"
	$(call installed,.venv-audit,requirements/audit.txt)
	@touch $@

.venv-foreign/.installed: requirements/foreign.txt
	@echo "Installing other people's OAuth clients into .venv-foreign (once) …"
	$(call installed,.venv-foreign,requirements/foreign.txt)
	@touch $@

dev: .venv/.installed ## run the whole service at http://127.0.0.1:3000 (PORT=…, TLS=1, CORS_ORIGINS=…: README)
	@exec $(BIN)/python -m local

demo: .venv/.installed ## the same over https with a web page for two browsers, at http://localhost:8000 (PORT=…: README)
	@exec $(BIN)/python -m tools.demo

# Where bytecode is not to be written, each of some hundred processes would compile the tests and the service again.
test test-unit prove mutate: export PYTHONDONTWRITEBYTECODE :=

test: .venv/.installed ## run the tests
	@echo "End-to-end tests run beside the others, and are told after them …"
	@exec $(BIN)/python -m tools.beside .build/e2e.log $(BIN)/python -m pytest tests/e2e -- \
	  $(BIN)/python -m pytest -n 2 --dist worksteal tests/unit tests/integration tests/cli tests/client tests/project

test-unit: .venv/.installed ## run the tests that touch no socket: the rules and every feature over stores in memory
	@exec $(BIN)/python -m pytest -q -n 2 tests/unit --ignore=tests/unit/bench

check: .venv/.installed .venv-sam/.installed ## lint, types, imports, format and template checks
	@echo "ruff …" && $(BIN)/ruff check . && $(BIN)/ruff format --check -q .
	@echo "mypy …" && $(BIN)/mypy
	@echo "imports between rooms …" && $(BIN)/lint-imports --no-cache
	@echo "cfn-lint, source and translated …" && $(BIN)/python -m tools.lint_template
	@echo "sam validate …" && SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-1 \
	  .venv-sam/bin/sam validate --lint --template template.yaml

bench: .venv/.installed ## measure what the service costs, and write docs/performance.md (SCALE=1, USERS=…, PARTS=…: CONTRIBUTING)
	@$(BIN)/python -m bench.speed $(if $(PARTS),--parts $(PARTS)) $(if $(SCALE),--scale) $(if $(USERS),--users $(USERS))

bench-check: .venv/.installed ## compare what `make bench` measured with bench/budgets.toml
	@$(BIN)/python -m bench.speed.check

audit: .venv/.installed .venv-audit/.installed ## ask what is known against the pinned packages
	@$(BIN)/python -m tools.audit

# A quick run has two suites side by side; a full one has each alone, as its times are published.
BESIDE := provers/artifacts provers/browser provers/drill provers/test_local_stack.py provers/test_schemathesis.py provers/test_foreign_clients.py provers/typescript

prove: .venv/.installed .venv-sam/.installed $(if $(QUICK),,.venv-audit/.installed) ## what needs more than Python: a real DynamoDB, built artifacts (QUICK=1: fewer rounds)
ifeq ($(QUICK),)
	@$(BIN)/python -m pytest provers
else
	@echo "Built functions and whole stacks are proved beside the rest, and told after it …"
	@QUICK=$(QUICK) $(BIN)/python -m tools.beside .build/beside.log $(BIN)/python -m pytest $(BESIDE) -- \
	  $(BIN)/python -m pytest provers $(BESIDE:%=--ignore=%)
endif
	@QUICK=$(QUICK) $(BIN)/python -m provers.report

mutate: .venv/.installed ## break the code in small ways and see tests fail (MODULES="domain.session_rules crypto.tokens": those alone; MODULES=strict: rules, tokens, store)
	@$(BIN)/python -m tools.mutation $(MODULES) && $(BIN)/python -m provers.report

openapi: .venv/.installed ## write the API's OpenAPI document again
	@$(BIN)/python -m tools.openapi

requirements: ## compile the pinned requirements again (needs uv)
	@for f in layers/core/requirements requirements/dev requirements/runtime requirements/sam requirements/audit requirements/foreign; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --custom-compile-command 'make requirements' $$f.in -o $$f.txt; done

clean: ## remove what was installed and built
	@rm -rf .venv .venv-sam .venv-audit .venv-foreign .aws-sam .build .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
