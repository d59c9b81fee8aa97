# Two commands for a fresh machine: `make demo` and `make test`. `make check` is the quick loop.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ringfence
UV := $(CACHE)/uv/bin/uv
RUN := .venv/bin
ARGS ?=
# Where this is set, no byte code is kept and every start of a Python program takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: install it (Debian: apt-get install python3 python3-venv) or name one with make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(CACHE)/uv || { echo "venv is missing: apt-get install python3-venv"; exit 1; }
	@$(CACHE)/uv/bin/pip install -q --disable-pip-version-check uv

.venv/.synced: uv.lock pyproject.toml crds/pyproject.toml operator/pyproject.toml dataplane/pyproject.toml | $(UV)
	@$(UV) sync -q --frozen --all-packages --all-extras --python $(PYTHON)
	@touch $@

.PHONY: venv
venv: .venv/.synced

# The language model of a laptop is built with OpenMP, which the smallest systems lack.
.PHONY: openmp
openmp:
	@ldconfig -p 2>/dev/null | grep -q libgomp.so.1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq libgomp1 >/dev/null; } || \
	  { echo "libgomp is missing: apt-get install libgomp1"; exit 1; }

.PHONY: demo
demo: venv openmp ## serve two example tenants on this machine, without a cluster (ARGS=--once: exit after the tour)
	@$(RUN)/ringfence dev -f examples/tenants/ $(ARGS)

.PHONY: lint
lint: venv ## format, style, import rules, types, generated files
	@$(RUN)/ruff format --check -q . || { echo "format differs: run make format"; exit 1; }
	@$(RUN)/ruff check -q .
	@set -o pipefail; $(RUN)/lint-imports --no-logo | tail -4
	@$(RUN)/mypy
	@$(RUN)/ringfence-generate-crd --check $(CRDS)
	@$(RUN)/python -m ringfence_api.reference --check docs/tenant.md

.PHONY: format
format: venv ## format the code and sort its imports
	@$(RUN)/ruff format -q . && $(RUN)/ruff check -q --fix .

CRDS := crds/tenants.ringfence.dev.yaml charts/ringfence/crds/tenants.ringfence.dev.yaml
.PHONY: generate
generate: venv ## write the CRD's YAML and docs/tenant.md from the models
	@$(RUN)/ringfence-generate-crd $(CRDS)
	@$(RUN)/python -m ringfence_api.reference docs/tenant.md

.PHONY: check
check: lint ## the quick loop: lint, types, import rules, unit tests (under a minute)
	@$(RUN)/pytest -q -n auto tests/unit

.PHONY: provision
provision: venv ## install and build what the tests need, into the cache
	@$(RUN)/python -m e2e.cluster provision
	@$(RUN)/python -m tests.servers

.PHONY: images
images: venv ## build both images; prints size and time
	@$(RUN)/python -m e2e.cluster.images build

.PHONY: cluster-up cluster-down
cluster-up: venv ## make a local cluster with OpenSearch, Redis and a language model
	@$(RUN)/python -m e2e.cluster.backends
cluster-down: venv ## end it and leave nothing behind
	@$(RUN)/python -m e2e.cluster down

.PHONY: test
test: openmp lint provision images ## everything: lint, types, unit, integration and e2e tests on real servers
	@$(RUN)/pytest
