# The environment lives in .venv and is made again when its ingredients change.
PYTHON ?= python3
BIN := .venv/bin
# A file's tests run in one process; a process that crashes ends the run, which may hang otherwise.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0
PACKAGE := .venv-package/bin

.PHONY: run demo test slow figures bench bench-methods lint format package clean

run: .venv/ready
	$(BIN)/python main.py --sample

demo: .venv/ready
	$(BIN)/python main.py demo --out out

test: .venv/ready
	$(PYTEST)

slow: .venv/ready
	$(PYTEST) -m slow

figures: .venv/ready
	$(BIN)/python -m tests.figures --baselines --null-text

bench: .venv/ready
	$(BIN)/python -m tests.benchmarks

bench-methods: .venv/ready
	$(BIN)/python -m tests.benchmarks --only methods

lint: .venv/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

package: .venv-package/ready
	$(PACKAGE)/python packaging/icons.py
	$(PACKAGE)/pyinstaller --noconfirm --log-level WARN packaging/nti-desktop.spec
	$(PACKAGE)/python packaging/linux/check_elf.py dist/nti-desktop
	$(PACKAGE)/python packaging/linux/package.py dist/nti-desktop dist
	$(PACKAGE)/python packaging/components.py dist/nti-desktop dist/nti-desktop-linux.cdx.json

clean:
	rm -rf .venv .venv-package out build dist

.venv/ready: pyproject.toml constraints.txt packaging/environment.py
	$(PYTHON) packaging/environment.py

.venv-package/ready: pyproject.toml constraints.txt packaging/environment.py
	$(PYTHON) packaging/environment.py package
