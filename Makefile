# `make demo` and `make test` are all that a newcomer needs. Both install what they need into .venv.

PYTHON ?= python3
UV ?= uv

bin := .venv/bin
runtime := .venv/.runtime
dev := .venv/.dev
locked := --quiet --disable-pip-version-check --no-input --require-hashes
compile := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-package retention-streams --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-clocks containers soak coverage lint format generate bench lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(runtime) ## Run a Kafka, a worker and a simulated shop on this machine
	$(bin)/retention demo

test: $(dev) ## Run all tests (12 to 15 minutes)
	$(bin)/python -m pytest --numprocesses 4 --dist loadfile

test-fast: $(dev) ## Run the tests that need no Kafka and no other program (under 90 s)
	$(bin)/python -m pytest --numprocesses 2 --dist loadfile -m "not kafka and not e2e and not program and not slow"

test-clocks: $(dev) ## Run the tests that depend on the clock at awkward instants (needs faketime)
	bash scripts/test_clocks.sh

containers: $(dev) ## Build the image, run docker-compose.yml in a container engine, and test both
	bash scripts/containers.sh

soak: $(dev) ## Break a running installation at random for an hour: SEED=, DURATION=, ONLY=
	$(bin)/python -m tests.soak --duration $(or $(DURATION),1h) $(if $(SEED),--seed $(SEED)) \
		$(foreach fault,$(ONLY),--only $(fault))

coverage: $(dev) ## Measure the branch coverage of models/; writes build/coverage.xml and build/coverage.md
	@mkdir -p build
	$(bin)/python -m pytest --numprocesses 2 tests/models --cov=models --cov-branch \
		--cov-report=xml:build/coverage.xml --cov-report=markdown:build/coverage.md --cov-report=term --cov-fail-under=98

lint: $(dev) ## Check style, types, vocabulary, spelling and that generated files are current
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy --strict
	$(bin)/python scripts/check_vocabulary.py
	$(bin)/codespell models streams docs grafana prometheus schemas scripts bench *.md
	@before="$$($(digest))" && $(MAKE) --no-print-directory generate && test "$$before" = "$$($(digest))" || \
		{ echo "Generated files were not current. They are now: look at the change and commit it." >&2; exit 1; }

format: $(dev) ## Apply the formatter and the fixes that are safe
	$(bin)/ruff check --fix-only
	$(bin)/ruff format

# Files made by code and committed; `make lint` fails if they are not current.
generated := grafana/dashboards prometheus/rules prometheus/user deploy/kubernetes/components schemas/v1 \
	schemas/asyncapi.yaml schemas/openapi.json docs/reference/settings.md
digest = find $(generated) -type f -exec cksum {} + | sort

generate: $(dev) ## Write the dashboards, alerts, schemas, Kubernetes files and the settings table
	$(bin)/python -m prometheus.generate
	$(bin)/python -m grafana.generate
	$(bin)/python -m deploy.kubernetes.generate
	$(bin)/python -m schemas.generate
	$(bin)/python -m docs.generate

bench: $(dev) ## Measure throughput, latency, recovery and memory
	$(bin)/python -m bench

setup: $(dev) ## Install everything for development into .venv

lock: ## Resolve the dependencies again: make lock UV=path/to/uv
	$(compile) --upgrade --group build --extra demo --extra worker -o requirements/demo.txt pyproject.toml
	$(compile) --extra worker -c requirements/demo.txt -o requirements/worker.txt pyproject.toml
	$(compile) --group pyproject.toml:build -c requirements/demo.txt -o requirements/build.txt
	$(compile) --upgrade --group build --group dev --all-extras -c requirements/demo.txt -o requirements/dev.txt pyproject.toml

clean: ## Remove .venv, caches and build results
	rm -rf .venv build .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "retention needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python's venv module is missing (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }

$(runtime): requirements/demo.txt pyproject.toml | .venv/bin/python
	@echo "Installing dependencies into .venv (once)..."
	$(bin)/python -m pip install $(locked) -r requirements/demo.txt
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(dev): requirements/dev.txt | $(runtime)
	$(bin)/python -m pip install $(locked) -r requirements/dev.txt
	@touch $@
