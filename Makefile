# Every target does all its own set-up in $(VENV), from nothing but Python 3.11 or newer and a package index.
# GNU make 3.81 (that of macOS) is enough.

VENV ?= .venv
# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python test` chooses another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
ARGS ?=
# Worker processes that share the suite out when all of it runs: as many as there are cores, up to eight. `make test JOBS=0` has none.
JOBS ?= auto

CSS = $(VENV)/bin/css
SETUP = PYTHON='$(PYTHON)' VENV='$(VENV)' sh .ci/setup
LOCKS = requirements.lock requirements-dev.lock requirements-rules.lock
SOURCES = css orders repairs billing batch schemas tests

.PHONY: help demo serve bench test check lock clean

help:
	@echo "make demo   build a synthetic district of about 1,000 lines and live some days in it"
	@echo "make serve  serve the operators' screens and the partners' gateway"
	@echo "make bench  measure how fast things go here       (ARGS='night --lines 4000' asks one question)"
	@echo "make test   run all tests on all cores          (ARGS='tests/rules -x' runs some)"
	@echo "make check  lint, types, import contracts, house rules of the schemas"
	@echo "make lock   resolve the lock files anew          (UPGRADE=1 takes newer versions)"
	@echo "make clean  remove $(VENV) and caches; never data"

# What the program needs to run. A set-up for development holds it too.
$(VENV)/.ready-run: requirements.lock pyproject.toml .ci/setup
	@$(SETUP) run

# What developing it needs as well: test tools, linters, the rule files of UBL, EN 16931 and Peppol.
$(VENV)/.ready-dev: $(LOCKS) pyproject.toml .ci/setup
	@$(SETUP) dev

demo: $(VENV)/.ready-run
	@$(CSS) demo $(ARGS)

serve: $(VENV)/.ready-run
	@$(CSS) serve $(ARGS)

bench: $(VENV)/.ready-run
	@$(CSS) bench $(or $(ARGS),all)

test: $(VENV)/.ready-dev
	@$(SETUP) browser
	@$(VENV)/bin/python -m pytest $(or $(ARGS),-n $(JOBS) --maxprocesses 8)

check: $(VENV)/.ready-dev
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check --quiet $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(CSS) schemas lint

# uv resolves for every platform at once and leaves no trace of the index it asked; plain pip reads what it writes.
COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade)
lock: $(VENV)/.ready-dev
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	$(COMPILE) pyproject.toml --group dev --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --constraints requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --group pyproject.toml:rules --no-deps --no-annotate --output-file requirements-rules.lock

clean:
	rm -rf '$(VENV)' build ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
