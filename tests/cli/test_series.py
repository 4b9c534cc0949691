"""A story and an edit of many photos from the terminal, on the real built-in model with few steps."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop import cli
from nti_desktop.cli import main
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.editing.session import Session
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.jobs import RenderJob
from tests.cli.conftest import Terminal

SAMPLES = samples()
STEPS = ("--steps", 2)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three samples without projects."""
    return [Path(shutil.copy(sample.path, tmp_path / f"{n}.jpg")) for n, sample in enumerate(SAMPLES[:3])]


def versions(photo: Path) -> list[str]:
    return [version.recipe.prompt for version in Session.open(photo).project.versions]


@pytest.mark.slow
def test_a_story_leaves_versions_and_a_sheet_and_goes_on_where_it_was(
    photos: list[Path], tmp_path: Path, terminal: Terminal
) -> None:
    photo, sheet = photos[0], tmp_path / "sheet.png"
    asked = ("series", photo, "--prompt", "a red ball on sand", *STEPS, "--frame", "a ball in fog")
    first = terminal.answer(*asked)
    assert [each["prompt"] for each in first["pictures"]] == versions(photo) == ["a red ball on sand in fog"]
    assert first["forecast"] > 0
    more = terminal.answer(*asked, "--frame", "a ball at night", "--sheet", sheet)
    assert [each["new"] for each in more["pictures"]] == [False, True]
    assert versions(photo) == ["a red ball on sand in fog", "a red ball on sand at night"]
    assert more["sheet"] == str(sheet)
    with Image.open(sheet) as written:
        assert np.asarray(written).std() > 10


@pytest.mark.slow
def test_the_same_edit_is_made_of_many_photos_and_what_fails_costs_itself_only(
    photos: list[Path], terminal: Terminal
) -> None:
    photos[1].write_bytes(b"no picture")
    code, out, err = terminal.run(
        "series", photos[0].parent, "--prompt", "a ball on sand", "--describe", photos[2], "a lamp on snow", *STEPS,
        "--edit", "a ball on sand at night", "--sheet", photos[0].with_name("sheet.jpg"),
    )  # fmt: skip
    assert code == 1
    assert "“0.jpg”, version “Version 1”: a ball on sand at night" in out
    assert "“2.jpg”, version “Version 1”: a lamp on snow at night" in out
    assert "“1.jpg” goes without: " in err
    assert err.endswith("1 of 3 photos are not done; run it again for those.\n")
    code, _, err = terminal.run(
        "series", photos[0].parent, "--edit", "a ball on sand at night", *STEPS,
        "--sheet", photos[0].with_name("sheet.jpg"), "--if-exists", "overwrite",
    )  # fmt: skip
    assert code == 1
    assert err.endswith("1 of 3 photos are not done; run it again for those.\n"), "the sheet is none of them"


def test_a_version_is_made_on_other_photos(photos: list[Path], terminal: Terminal) -> None:
    source, *others = photos
    assert main(["invert", str(source), "--prompt", "a ball on sand", "--steps", "2"]) == 0
    terminal.answer("edit", source, "--to", "a ball on snow", "--name", "Winter", "--strength", 0.5)
    answer = terminal.answer("series", *others, "--from", source, "--name", "Winter")
    assert [(each["version"], each["prompt"]) for each in answer["pictures"]] == [("Winter", "a ball on snow")] * 2
    made = [Session.open(photo).project for photo in others]
    assert [project.versions[0].recipe.strength for project in made] == [0.5, 0.5]
    assert [project.inversions[0].settings.steps for project in made] == [2, 2]


@pytest.mark.parametrize(
    ("more", "code", "sentence"),
    [
        ((), 2, "--frame --edit --from is required"),
        (("--frame", " "), 2, "The edit is empty; say in words what the photo should show."),
        (("--edit", "a", "--name", "x"), 2, "say --from, too"),
        (("--edit", "a", "--describe", "other.jpg", "b"), 2, "“other.jpg” is described, but is none of the photos"),
        (("--edit", "a", *("--describe", "0.jpg", "b") * 2), 2, "described twice"),
        (("--edit", "a"), 1, "Nothing says what “0.jpg” shows; describe it in a sentence."),
        (("--edit", "a", "--sheet", "no/sheet.png"), 1, "does not exist"),
        (("--edit", "a", "--sheet", "sheet.doc"), 1, "sheet.doc"),
        (("--edit", "a", "--method", "instruct"), 2, "is not edited by instruct"),
    ],
)
def test_wrong_use_is_one_sentence(
    photos: list[Path], terminal: Terminal, more: tuple[str, ...], code: int, sentence: str
) -> None:
    got, _, err = terminal.run("series", photos[0], *more)
    assert got == code
    assert sentence in err
    assert versions(photos[0]) == []


@pytest.mark.parametrize("in_a_long_step", [False, True])
def test_stopped_it_says_how_to_go_on(
    in_a_long_step: bool, photos: list[Path], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = threading.Event()

    def stop(_service: EngineService, _job: RenderJob, _report: Report, cancel: CancelToken) -> None:
        cancel.cancel()
        step.wait(30 if in_a_long_step else 0)
        cancel.check()

    monkeypatch.setattr(EngineService, "render", stop)
    monkeypatch.setattr(cli, "left_behind", lambda: False)  # which would end these tests
    _, out, err = terminal.run("series", *photos, "--prompt", "a ball on sand", *STEPS, "--edit", "a ball on snow")
    step.set()
    assert out == ""
    assert err.endswith("Stopped; what was made is kept, and the same command goes on.\n")
    assert len(Session.open(photos[0]).project.inversions) == 1


def test_a_sheet_never_replaces_a_photo(photos: list[Path], terminal: Terminal) -> None:
    asked = ("series", *photos, "--edit", "a", "--sheet", photos[1], "--if-exists", "overwrite")
    assert "is the photo itself" in terminal.refusal(*asked, code=1)
