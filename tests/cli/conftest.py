"""The program run in this process, as from a terminal."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from nti_desktop.cli import main


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
