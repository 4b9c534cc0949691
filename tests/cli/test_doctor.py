"""nti-desktop doctor --model: what a user runs first on a real checkpoint."""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nti_desktop.cli import main
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.samples import samples

pytestmark = pytest.mark.slow


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    shutil.copy(samples()[0].path, tmp_path / "cube.jpg")
    return tmp_path / "cube.jpg"


def doctor(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    code = main(["doctor", *map(str, arguments), "--json"])
    printed = capsys.readouterr()
    assert printed.err == ""
    return code, json.loads(printed.out)


def test_a_good_model_is_found_well_and_the_photo_stays_as_it_was(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    words = ("--prompt", "a photo of a red cube", "--to", "a photo of a blue cube")
    code, found = doctor(capsys, "--model", "studio", photo, "--out", tmp_path / "out", *words)
    assert (code, found["faults"], found["well"]) == (0, [], True)
    assert found["likely"] == found["stated"] == "v_prediction"
    assert found["likeness"] > 40
    assert found["changed"] > 0.2 > found["outside"]
    assert found["exported_outside"] == 0
    assert found["edit_rows"] > found["prepared_rows"] > 0
    with Image.open(found["sheet"]) as sheet:
        assert np.asarray(sheet).std() > 10
    assert photo.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cube.jpg", "out"]


def test_settings_of_another_model_are_found_out(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = shutil.copytree(built_in().files.folder, tmp_path / "wrong")
    config = wrong / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("v_prediction", "epsilon"))
    code, found = doctor(
        capsys, "--model", wrong, photo, "--out", tmp_path, "--steps", 4, "--method", "residual", "--to", "a ball"
    )
    assert (code, found["stated"], found["likely"]) == (1, "epsilon", "v_prediction")
    assert "predicts noise, by its answers velocity" in found["faults"][0]


def test_without_words_a_photo_is_tried_all_the_same(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = doctor(capsys, photo, "--out", tmp_path / "out", "--steps", 3)
    assert (found["settings"]["prompt"], found["edit"]) == ("a photo", "a painting")


def test_one_edit_is_made_by_every_method_side_by_side(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--prompt", "a photo of a red cube", "--to", "a photo of a blue cube")
    code, found = doctor(capsys, photo, "--compare", "--steps", 3, "--out", tmp_path / "out", *words)
    assert code == 0
    ways = {way["ran"]: way for way in found["methods"]}
    assert len(ways) == len(built_in().methods)
    assert list(ways)[:4] == ["null-text (published)", "pinned", "residual", "flowedit"]
    assert ways["null-text (published)"]["prepared_rows"] > ways["pinned"]["prepared_rows"] == 2 + 3 * 3
    # Those that lead back to the photo whatever the model.
    exact = {"residual", "flowedit", "embedding", "imagic", "edict", "diffedit"}
    least = min(ways[way]["likeness"] for way in exact)
    assert least > max(ways[way]["likeness"] for way in ways.keys() - exact)
    assert all(0 < way["changed"] <= 1 for way in ways.values())
    rows = {ran: way["edit_rows"] for ran, way in ways.items()}
    assert (rows.pop("edict"), rows.pop("resample")) == (4 * 2, 2 * 1)  # of the lower part of three steps
    assert set(rows.values()) == {2 * 3}
    with Image.open(found["sheet"]) as sheet:
        pictures = [np.asarray(sheet)[368:672, place * 336 + 16 : place * 336 + 320] for place in range(3)]
    assert all(np.abs(a.astype(int) - b).mean() > 0.1 for a, b in pairwise(pictures))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cube.jpg", "out"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "nobody/nothing"), "no model folder"),
        (("missing.jpg",), "missing.jpg"),
        (("--model", "studio", "--prompt", "a cube", "--to", "a cube"), "says the same"),
        (("--model", "studio", "--out", "/proc/nowhere"), "cannot be made"),
        (("--compare", "--method", "pinned"), "leave out --method"),
        (("--compare", "--steps", "0"), "0 steps are not possible"),
        (("--prompt", "a cube", "--to", "a cube"), "says the same"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_sentence(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *arguments]) in (1, 2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1
