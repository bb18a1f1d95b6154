# `make help` lists the targets. Everything is installed into .venv, from the lock, and only when the lock changes.

.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS := .venv-docs
AUDIT := .venv-audit
LOCALSTACK := $(CURDIR)/.venv-localstack
NODE_INTERPRETER := tests/interpreters/node_modules/.installed

# The first Python that is new enough; a pyenv shim may exist and not run, so each is tried.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

# The Python that the functions run on (template.yaml, Runtime): on the PATH, or one of pyenv's; empty where none runs.
RUNTIME := 3.13
RUNTIME_PYTHON ?= $(shell for python in python$(RUNTIME) "$$(pyenv prefix $(RUNTIME) 2>/dev/null)"/bin/python$(RUNTIME); do \
	$$python -c 'import ensurepip, sys; print(sys.executable)' 2>/dev/null && break; done)
NO_RUNTIME = echo "Python $(RUNTIME), which the functions run on, was not found:"

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

.PHONY: help run test test-runtime test-wheel test-sam test-interpreters year bench test-sfn-local lint audit pages pictures docs format lock clean

help:  ## Show the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: $(or $(wildcard $(INSTALLED)),$(VENV)/.installed-local)  ## Assess the five sample AMIs in the embedded AWS; leaves reports/
	@$(BIN)/golden-ami assess --local --report-dir reports

test: $(INSTALLED)  ## Run the tests
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

# What the functions run, on the Python that they run on, and a whole run of each engine; the other runs are the same code.
RUNTIME_TESTS := tests/unit tests/statemachine/test_engines.py tests/statemachine/test_logs.py \
	$(filter-out %/cli %/embedded %.py,$(wildcard tests/adapters/[a-z]*))

test-runtime: $(if $(RUNTIME_PYTHON),.venv-runtime/.installed)  ## Run the tests of the functions on the Python of Lambda
ifeq ($(RUNTIME_PYTHON),)
	@$(NO_RUNTIME) "the tests of the functions are not run on it"
else
	.venv-runtime/bin/pytest -n auto --dist worksteal $(RUNTIME_TESTS) $(ARGS)
endif

test-wheel: $(INSTALLED) .venv-wheel/.installed  ## Build the wheel, install it apart, and run it in an empty directory
	GOLDEN_AMI_WHEEL_PYTHON=$(CURDIR)/.venv-wheel/bin/python $(BIN)/pytest -n0 -rs tests/wheel $(ARGS)

test-sam: $(INSTALLED) .venv-sam/.installed  ## Try build and deployment with AWS SAM CLI, and the commands in the documentation
	@test -n "$(RUNTIME_PYTHON)" || $(NO_RUNTIME) "sam build is not tried"
	PATH="$(if $(RUNTIME_PYTHON),$(dir $(RUNTIME_PYTHON)):)$$PATH" $(BIN)/pytest -n auto --dist loadfile -rs tests/sam $(ARGS)

year: $(INSTALLED)  ## Hold a year of weekly runs against independent books (ARGS="--weeks 12 --seed 1")
	$(BIN)/python -m tests.year $(ARGS)

bench: $(VENV)/.installed-bench  ## Measure speed and cost (ARGS="--house --huge" for all, or names of sections)
	$(BIN)/python -m benchmarks $(ARGS)

test-sfn-local: $(INSTALLED)  ## Run the definition in AWS's Step Functions Local (needs Docker)
	docker compose up --detach --wait --wait-timeout 60
	@for attempt in {1..60}; do (exec 3<>/dev/tcp/127.0.0.1/8083) 2>/dev/null && break; sleep 1; done
	$(BIN)/pytest -n0 -rs tests/sfn_local; status=$$?; docker compose down; exit $$status

test-interpreters: $(INSTALLED)  ## Run the definition in two more interpreters, and the template in LocalStack
	@$(MAKE) --no-print-directory --silent $(NODE_INTERPRETER) || echo "aws-local-stepfunctions cannot be installed: it needs npm"
	@$(MAKE) --no-print-directory --silent $(LOCALSTACK)/.installed || echo "LocalStack cannot be installed: it needs Python $(RUNTIME)"
	GOLDEN_AMI_LOCALSTACK=$$(ls $(LOCALSTACK)/bin/python 2>/dev/null) $(BIN)/pytest -n0 -rs tests/interpreters $(ARGS)

lint: $(INSTALLED)  ## Check style, types, what imports what, and the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml

audit: $(INSTALLED) $(AUDIT)/.installed node_modules/.installed  ## Check template, definition and SARIF once more, by others' rules
	@mkdir -p build
	$(AUDIT)/bin/checkov --config-file .checkov.yaml --file template.yaml docs/member-role.yaml \
		$$(PYTHONPATH=tests/support $(BIN)/python -c 'import network_templates; print(network_templates.write("build"))')
	PYTHONPATH=tests/support $(BIN)/python -c 'import scenarios; print(scenarios.definition())' > build/assessment.asl.json
	node_modules/.bin/asl-validator --json-path build/assessment.asl.json
	GOLDEN_AMI_SARIF_MULTITOOL=required $(BIN)/pytest -n0 tests/unit/report/test_code_scanning.py
	$(BIN)/python benchmarks/zip_size.py

pages: $(INSTALLED)  ## Write the pages that are made from template, schema and code
	@mkdir -p build
	for page in iam codes configuration parameters; do $(BIN)/python docs/generate_$$page.py > build/$$page.md && cp build/$$page.md docs/ || exit 1; done
	$(BIN)/python docs/generate_contracts.py
	$(BIN)/python docs/generate_report_schema.py > build/report.schema.json && cp build/report.schema.json functions/golden_ami/schema/
	$(BIN)/python docs/generate_states.py > build/states.json && cp build/states.json functions/golden_ami/usage/
	$(BIN)/python docs/generate_limits.py
	$(BIN)/python docs/generate_bills.py
	$(BIN)/python docs/generate_idle.py
	$(BIN)/python docs/generate_before.py
	$(BIN)/python docs/generate_network.py
	cp functions/golden_ami/schema/configuration.schema.json docs/
	$(BIN)/python docs/generate_graph.py > build/state-machine.svg && cp build/state-machine.svg docs/images/

pictures: $(INSTALLED)  ## Take the pictures of both pages anew (needs Debian's chromium)
	$(BIN)/python docs/generate_pictures.py

docs: $(DOCS)/.installed  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

format: $(INSTALLED)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(BIN)/python  ## Write the locks anew (UPGRADE=--upgrade for newer versions)
	$(BIN)/pip install --quiet uv
	$(COMPILE) --extra dev --group build pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra local --group build pyproject.toml --constraints requirements.lock --output-file requirements-local.lock
	$(COMPILE) functions/requirements.in --constraints requirements.lock --output-file functions/requirements.txt
	$(COMPILE) --group docs --output-file requirements-docs.lock
	$(COMPILE) --group audit --output-file requirements-audit.lock
	$(COMPILE) --group sam --output-file requirements-sam.lock
	$(COMPILE) --group bench --constraints requirements.lock --output-file requirements-bench.lock
	$(subst --universal --python-version 3.11,--python-version $(RUNTIME),$(COMPILE)) --group localstack --output-file requirements-localstack.lock
	npm install --package-lock-only --omit-lockfile-registry-resolved=true --no-audit --no-fund --silent
	cd tests/interpreters && npm install --package-lock-only --omit-lockfile-registry-resolved=true --no-audit --no-fund --silent

clean:  ## Remove what was installed and generated
	rm -rf $(VENV) .venv-* node_modules $(dir $(NODE_INTERPRETER)) site .mypy_cache .ruff_cache .pytest_cache .hypothesis .aws-sam build reports *.egg-info
	find cli emulator functions tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found on the PATH;" \
		"install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-local: requirements-local.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-bench: requirements-bench.lock $(INSTALLED)
	@echo "Installing what the benchmarks compare with into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv-runtime/.installed: requirements.lock pyproject.toml | $(INSTALLED)
	@echo "Installing into .venv-runtime, with Python $(RUNTIME), once"
	@$(RUNTIME_PYTHON) -m venv .venv-runtime
	@.venv-runtime/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@.venv-runtime/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv-wheel/.installed: requirements-local.lock | $(BIN)/python
	@echo "Installing into .venv-wheel, once"
	@$(BIN)/python -m venv .venv-wheel
	@.venv-wheel/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv-%/.installed: requirements-%.lock | $(BIN)/python
	@echo "Installing into .venv-$*, once"
	@$(BIN)/python -m venv .venv-$*
	@.venv-$*/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@.venv-$*/bin/pip check
	@touch $@

$(LOCALSTACK)/.installed: requirements-localstack.lock | $(INSTALLED)
	@test -n "$(RUNTIME_PYTHON)"
	@echo "Installing into .venv-localstack, with Python $(RUNTIME), once"
	@$(RUNTIME_PYTHON) -m venv $(LOCALSTACK)
	@$(LOCALSTACK)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< || { rm -rf $(LOCALSTACK); exit 1; }
	@touch $@

node_modules/.installed: package-lock.json package.json
	@npm ci --no-audit --no-fund --silent
	@touch $@

$(NODE_INTERPRETER): tests/interpreters/package-lock.json tests/interpreters/package.json
	@cd tests/interpreters && npm ci --no-audit --no-fund --silent
	@touch $@
