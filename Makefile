# Everything runs from .venv, installed from the lock with hashes. Needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench lock clean

run: .venv/installed
	@exec $(BIN)/muster up

# One run, with the gate on the pure modules' branches; a part of the tests (pytest tests/unit/test_x.py) has no gate.
# Three at a time, a file each: whole-process tests mostly wait, and every worker has a PostgreSQL of its own.
test: .venv/installed
	$(BIN)/python -m pytest --cov -n 3 --dist loadfile

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed
	$(BIN)/python -m bench

# Hashes and no addresses: the lock says what, the machine's own configuration says from where.
lock: .venv/installed
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --quiet \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock

# The lock names every package, so nothing is resolved: a release of today changes nothing, and pip check finds a lack.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Muster needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/pip check --disable-pip-version-check
	touch $@

clean:
	rm -rf .venv .data
