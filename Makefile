# Each target is one command that works from a clean clone; `make help` lists them.
PYTHON ?= python3
ROWS ?= 500000
VERSIONS ?= 15 17 18
BIN := .venv/bin
# Many tests wait for something: more processes than cores. In the order of pyproject.toml.
WORKERS ?= 4
SHARED := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-matrix bench lint type format build sql release-script db-cleanup db-cleanup-force db-health versions clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo ## the whole way on a throw-away PostgreSQL (ROWS=500000 scales it)
	@$(BIN)/pytelemetry-db demo --rows $(ROWS)

test: .venv/.dev ## install what the tests need, run all of them (ARGS= goes to pytest)
	@tools/bootstrap
	$(BIN)/pytest $(SHARED) $(ARGS)

test-matrix: .venv/.dev ## the tests that need a server, on PostgreSQL 15, 17 and 18 (VERSIONS='17 18' chooses)
	@VERSIONS="$(VERSIONS)" tools/matrix $(SHARED) $(ARGS)

bench: .venv/.dev ## passes beside other ways to delete (DSN= ROWS=10000000 REPEATS=7 CASES= OUTPUT=bench/results)
	@$(BIN)/python -m bench $${DSN:+--dsn "$$DSN"} $${ROWS:+--rows "$$ROWS"} $${REPEATS:+--repeats "$$REPEATS"} \
		$${CASES:+--cases "$$CASES"} $${OUTPUT:+--output "$$OUTPUT"}

lint: .venv/.dev ## style of Python and SQL, and the layers
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint sql bench/sql && $(BIN)/lint-imports

type: .venv/.dev ## mypy, strict
	$(BIN)/mypy

format: .venv/.dev ## rewrite Python and SQL in house style
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIN)/sqlfluff fix sql bench/sql

build: .venv/.dev ## wheel and source distribution into dist/
	$(BIN)/python -m build --quiet

sql: .venv/.run ## print the install script (never connects)
	@$(BIN)/pytelemetry-db sql install

release-script: .venv/.dev ## write down what a release freezes, right before it is published
	@$(BIN)/python -m tools.release_script

db-cleanup: .venv/.run ## what a cleanup would remove; changes nothing
	@$(BIN)/pytelemetry-db cleanup --dry-run

db-cleanup-force: .venv/.run ## remove what the policies name
	@$(BIN)/pytelemetry-db cleanup

db-health: .venv/.run ## is the database well, and is retention kept?
	@$(BIN)/pytelemetry-db health

versions: .venv/.dev ## what runs here
	@tools/bootstrap
	@$(BIN)/python --version && $(BIN)/pip list --disable-pip-version-check && ls /usr/lib/postgresql

clean: ## remove what the targets made
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# One virtual environment; each stamp says which extra is in it.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml .venv/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable . && touch $@

.venv/.%: pyproject.toml .venv/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]' && touch $@
