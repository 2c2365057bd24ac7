# `make demo` and `make test` are all a newcomer needs: what they need, they make, in .venv.

PYTHON ?= python3
UV ?= uv

bin := .venv/bin
runtime := .venv/.runtime
dev := .venv/.dev
locked := --quiet --disable-pip-version-check --no-input --require-hashes
compile := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: setup demo test lint format generate bench lock clean

setup: $(dev)

demo: $(runtime)
	$(bin)/retention demo

test: $(dev)
	$(bin)/python -m pytest --numprocesses 3 --dist loadfile

lint: $(dev)
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy --strict
	@before="$$($(digest))" && $(MAKE) --no-print-directory generate && test "$$before" = "$$($(digest))" || \
		{ echo "Generated files were not current. They are now: look at the change and commit it." >&2; exit 1; }

format: $(dev)
	$(bin)/ruff check --fix-only
	$(bin)/ruff format

# Files made by code and committed; `make lint` fails where they are not current.
generated := grafana/dashboards prometheus/rules prometheus/user deploy/kubernetes/components schemas/v1 schemas/asyncapi.yaml schemas/openapi.json
digest = find $(generated) -type f -exec cksum {} + | sort

generate: $(dev)
	$(bin)/python -m prometheus.generate
	$(bin)/python -m grafana.generate
	$(bin)/python -m deploy.kubernetes.generate
	$(bin)/python -m schemas.generate

bench: $(dev)
	$(bin)/python -m bench

lock:
	$(compile) --upgrade --group build -o requirements.txt pyproject.toml
	$(compile) --upgrade --group build --group dev --extra fit --extra parquet -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "retention needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python's venv module is needed (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }

$(runtime): requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing what it needs into .venv (once)..."
	$(bin)/python -m pip install $(locked) -r requirements.txt
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(dev): requirements-dev.txt | $(runtime)
	$(bin)/python -m pip install $(locked) -r requirements-dev.txt
	@touch $@
