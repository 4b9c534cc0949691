"""The program run in this process, as from a terminal, and a sample that it has prepared."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nti_desktop.cli import main
from nti_desktop.models.library.samples import samples

SAMPLE = samples()[0]
STEPS = 4


class Terminal:
    """Runs the program in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    def answer(self, *arguments: object) -> Any:
        """What --json prints, exactly one object, and nothing else anywhere."""
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (0, "")
        assert out.count("\n") == 1
        return json.loads(out)

    def refusal(self, *arguments: object, code: int) -> str:
        """The one sentence on standard error."""
        got, out, err = self.run(*arguments)
        assert (got, out) == (code, ""), err
        assert err.endswith(("\n", ".\n"))
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return err


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """Once torch is imported, what it runs has an engine that has worked before."""
    if "torch" not in sys.modules:
        yield Terminal(capsys)
        return
    from tests.warm_engine import warm_engine  # torch

    with warm_engine():
        yield Terminal(capsys)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A sample without a project."""
    return Path(shutil.copy(SAMPLE.path, tmp_path / "still life.jpg"))


@pytest.fixture
def inverted(photo: Path) -> Path:
    """A sample with its inversion."""
    sidecar_of(photo).write_bytes(_inverted_once())
    return photo


@cache
def _inverted_once() -> bytes:
    """The sample's sidecar, once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(shutil.copy(SAMPLE.path, folder))
        assert main(["invert", str(photo), "--prompt", SAMPLE.caption, "--steps", str(STEPS)]) == 0
        return sidecar_of(photo).read_bytes()


def sidecar_of(photo: Path) -> Path:
    return photo.with_name(photo.name + ".nti")


def pixels(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB"))
