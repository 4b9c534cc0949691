# The environment lives in .venv and is made again when its ingredients change.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run demo test slow figures bench lint format clean

run: .venv/ready
	$(BIN)/python main.py --sample

demo: .venv/ready
	$(BIN)/python main.py demo --out out

test: .venv/ready
	$(BIN)/python -m pytest -n 2

slow: .venv/ready
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

figures: .venv/ready
	$(BIN)/python -m tests.figures --baselines --null-text

bench: .venv/ready
	$(BIN)/python -m tests.benchmarks

lint: .venv/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv out build dist

.venv/ready: pyproject.toml constraints.txt packaging/environment.py
	$(PYTHON) packaging/environment.py
