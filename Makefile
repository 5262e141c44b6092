# Two commands for a fresh clone: `make build` and `make test`. Everything else is a detail of them.
PYTHON ?= python3
BIN := .venv/bin
INVENTORY ?= inventory/kaizen.yml

.PHONY: build test check lint docs clean

build: .venv/installed $(INVENTORY:.yml=.secret)
	$(BIN)/gen build $(INVENTORY)

test: .venv/installed
	development/install-packages
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 4 -m "not lab"  # more than processors: they wait much of the time
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m lab

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd ansible/plugins/action && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache node.py
	cd ansible/plugins/modules && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache node.py

docs: .venv/installed
	$(BIN)/python development/write-docs

# The example fleet's secret is made once and stays out of git; without it every build would have other keys.
%.secret: | .venv/installed
	$(BIN)/gen keys init $*.yml

.venv/installed: pyproject.toml development/make-venv
	development/make-venv $(PYTHON)

clean:
	rm -rf .venv output/*/
