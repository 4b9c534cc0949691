"""A thing of another picture is laid into a photo by the command line, without a model made for it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.editing.session import Session
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.structure import PASTED
from tests.cli.conftest import Terminal

MASK = "150,150,200,220"


def pixels(path: Path) -> NDArray[np.int16]:
    return np.asarray(Image.open(path).convert("RGB"), np.int16)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A red disc on grey."""
    down, across = np.mgrid[:200, :300]
    red = ((down - 100) ** 2 + (across - 150) ** 2 < 60**2)[..., None]
    Image.fromarray(np.where(red, (200, 30, 30), (120, 120, 120)).astype(np.uint8)).save(tmp_path / "other.png")
    return tmp_path / "other.png"


def test_the_thing_comes_into_the_mask_and_the_project_keeps_it(
    photo: Path, other: Path, terminal: Terminal, tmp_path: Path
) -> None:
    (sample,) = (each for each in samples() if each.path.name == "green-cone.jpg")
    Image.open(sample.path).save(photo, quality=95)
    terminal.answer("invert", photo, "--prompt", sample.caption)
    wish, out = sample.caption.replace("green cone", "red ball"), tmp_path / "edit.png"
    asked = ("edit", photo, "--to", wish, "--mask", MASK, "--picture", other, "--picture-area", "90,40,120,120")
    answer = terminal.answer(*asked, "--name", "Ball", "--out", out, "--feather", "0")
    before, after = pixels(photo), pixels(out)
    outside = np.ones(before.shape[:2], np.bool_)
    outside[148:372, 148:352] = False
    assert np.array_equal(before[outside], after[outside])
    middle = after[230:300, 220:290].reshape(-1, 3).mean(0)
    assert middle[0] > middle[1] + 60, "red"
    assert answer["notes"] == []

    other.unlink()
    again = tmp_path / "again.png"
    terminal.answer("export", photo, "--name", "Ball", "--out", again)
    assert np.array_equal(pixels(again), after)
    recipe = Session.open(photo).project.versions[-1].recipe.recipe()
    assert (recipe.cross_until, recipe.self_until) == (PASTED.cross, PASTED.itself)
    assert recipe.image_prompt is not None
    assert recipe.image_prompt.part is not None
