"""Making the environment: what it refuses, before anything is installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "packaging" / "environment.py"


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def would_install(environment: ModuleType, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let pip's dry run report these packages."""

    def pip(*arguments: str) -> None:
        report = {"install": [{"metadata": {"name": name}} for name in names]}
        Path(arguments[arguments.index("--report") + 1]).write_text(json.dumps(report))

    monkeypatch.setattr(environment, "pip", pip)
    monkeypatch.setattr(environment.sys, "platform", "linux")


def test_cuda_packages_are_not_fetched_where_nothing_could_use_them(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    would_install(environment, monkeypatch, "torch", "nvidia-cudnn-cu13", "triton", "sympy")
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: False)
    with pytest.raises(SystemExit, match="PIP_EXTRA_INDEX_URL"):
        environment.check_torch()


def test_cuda_packages_are_fetched_for_a_device(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    would_install(environment, monkeypatch, "torch", "nvidia-cudnn-cu13")
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: True)
    environment.check_torch()


def test_the_build_for_processors_is_fine_anywhere(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    would_install(environment, monkeypatch, "torch", "sympy", "networkx")
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: False)
    environment.check_torch()


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, SCRIPT], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert done.stderr.count("\n") == 1


def test_exact_versions_hold_no_build_of_torch_for_one_kind_of_machine() -> None:
    lines = SCRIPT.parents[1].joinpath("constraints.txt").read_text().splitlines()
    assert "torch==2.13.0" in lines
    assert all(line.count("==") == 1 and "+" not in line for line in lines)
