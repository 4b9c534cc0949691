"""Memory too small for edits is told before a photo is prepared in vain."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nti_desktop.cli import main
from nti_desktop.engine.memory.forecast import Forecaster
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.memory import Forecast, Need, Saving

GIGABYTE = 1_000_000_000


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    copy = tmp_path / "scene.png"
    copy.write_bytes(samples()[0].path.read_bytes())
    return copy


def edits_take(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a computer with room for 8 GB."""
    forecast, editing = Forecaster.forecast, Need(size, Saving.NONE, size <= 8 * GIGABYTE)

    def asked(*of: Any) -> Forecast:
        return replace(forecast(*of), editing=editing, room=8 * GIGABYTE)

    monkeypatch.setattr(Forecaster, "forecast", asked)


@pytest.mark.slow
def test_invert_and_doctor_tell_that_edits_will_not_fit(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edits_take(9 * GIGABYTE, monkeypatch)
    prompt = ("--prompt", samples()[0].caption, "--steps", "2")
    assert main(["invert", str(photo), *prompt]) == 0
    assert "room for 8.0 GB only, too little for edits: close other programs" in capsys.readouterr().err
    main(["doctor", str(photo), *prompt, "--to", samples()[0].edits[0], "--out", str(tmp_path / "out")])
    assert "room for 8.0 GB only, too little for edits: close other programs" in capsys.readouterr().err


@pytest.mark.slow
def test_invert_tells_before_it_starts_what_it_takes_and_what_edits_need_where_that_is_more(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edits_take(6 * GIGABYTE, monkeypatch)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["invert", str(photo), "--prompt", samples()[0].caption, "--steps", "2"]) == 0
    told = capsys.readouterr()
    (sentence,) = [line for line in told.err.splitlines() if "Takes " in line]
    assert sentence.endswith(" and 0.1 GB of memory on this processor; edits need 6.0 GB.")
    assert "0.1 GB of memory predicted, 6.0 GB for edits." in told.out
