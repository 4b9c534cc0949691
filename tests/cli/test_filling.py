"""What is marked on a photo is replaced or removed on the command line, by a model made for inpainting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.models.library import catalog
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.places import read_places, write_places
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import read_sidecar
from tests.cli.conftest import Terminal
from tests.image_adapters import Kind, write_image_adapter
from tests.inpaint_models import make_inpainting_model


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "FILLING_DEFAULTS", replace(catalog.FILLING_DEFAULTS, steps=4))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inpainting_model(built_in().files.folder, tmp_path_factory.mktemp("inpainting") / "model")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    photo = tmp_path / "photo.png"
    Image.open(samples()[0].path).convert("RGB").save(photo)
    return photo


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


@pytest.mark.slow
def test_a_place_is_filled_and_all_around_it_is_the_photos_own(photo: Path, model: Path, terminal: Terminal) -> None:
    out = photo.with_name("edit.png")
    height, width = pixels(photo).shape[:2]
    left, top = width // 4, height // 4
    mask = f"{left},{top},{width // 2},{height // 2}"
    answer = terminal.answer(
        "edit", photo, "--to", "a blue ball", "--mask", mask, "--model", model, "--seed", "3", "--out", out
    )
    assert answer["unet_rows"] == 2 * 4
    assert answer["coverage"] == pytest.approx(0.25, abs=0.02)
    differs = np.abs(pixels(out) - pixels(photo)).max(-1)
    assert differs[top : top + height // 2, left : left + width // 2].max() > 8
    differs[top - 2 : top + height // 2 + 2, left - 2 : left + width // 2 + 2] = 0  # a pixel of the model's beside it
    assert differs.max() == 0
    stored = read_sidecar(photo.with_name(photo.name + ".nti"))
    (inversion,) = stored.project.inversions
    (outline,) = stored.project.versions[0].recipe.recipe().within
    assert len(outline.points) == 4
    again = terminal.answer(
        "edit", photo, "--to", "a blue ball", "--mask", mask, "--seed", "3", "--out", out, "--if-exists", "overwrite"
    )
    assert again["inversion"] == inversion.id


@pytest.mark.slow
def test_nothing_said_removes_what_is_marked_and_can_be_exported_again(
    photo: Path, model: Path, terminal: Terminal
) -> None:
    out, exported = photo.with_name("edit.png"), photo.with_name("exported.png")
    line = "10,10 90,10 50,80"
    answer = terminal.answer(
        "edit", photo, "--to", "", "--mask", line, "--model", model, "--name", "Gone", "--out", out
    )
    assert answer["unet_rows"] == 4
    assert answer["changed"] > 0
    terminal.answer("export", photo, "--name", "Gone", "--out", exported)
    assert np.array_equal(pixels(out), pixels(exported))
    assert "Version “Gone” (shown last): removed, within what is marked" in terminal.run("info", photo)[1]


@pytest.fixture
def reading(model: Path, tmp_path: Path) -> Path:
    """The model, given what reads pictures."""
    adapter = write_image_adapter(tmp_path / "adapter", model / "unet")
    write_places(read_places().with_added(model))
    extend(model, adapter)
    return model


def test_a_place_is_drawn_after_a_picture_which_the_project_keeps(
    photo: Path, reading: Path, terminal: Terminal, tmp_path: Path
) -> None:
    other, out = tmp_path / "other.png", photo.with_name("edit.png")
    Image.open(samples()[1].path).convert("RGB").save(other)
    asked = ("edit", photo, "--mask", "10,10,90,90", "--model", reading, "--if-exists", "overwrite")
    answer = terminal.answer(
        *asked, "--to", "", "--picture", other, "--picture-area", "20,20,60,40", "--name", "Shown", "--out", out
    )
    assert answer["unet_rows"] == 2 * 4
    shown = pixels(out)
    other.unlink()
    assert (
        "Version “Shown” (shown last): drawn, within what is marked, after a picture" in terminal.run("info", photo)[1]
    )
    exported = photo.with_name("exported.png")
    terminal.answer("export", photo, "--name", "Shown", "--out", exported)
    assert np.array_equal(pixels(exported), shown)
    terminal.answer(*asked, "--to", "", "--name", "Gone", "--out", out)
    assert not np.array_equal(pixels(out), shown)


def test_what_cannot_be_drawn_after_is_one_sentence(
    photo: Path, model: Path, reading: Path, terminal: Terminal, tmp_path: Path
) -> None:
    other = samples()[1].path
    mask, of = ("--mask", "10,10,90,90"), ("--model", reading)
    for asked, sentence in (
        ((*of, *mask, "--picture", other, "--picture-area", "0,0,100000,10"), "leaves the picture to draw after"),
        ((*of, *mask, "--picture", tmp_path / "none.jpg"), "none.jpg"),
        ((*of, *mask, "--picture", other, "--picture-weight", "9"), "must lie between 0 and 1.5"),
        ((*of, *mask, "--picture-weight", "0.5"), "not which; name it with --picture"),
        ((*of, "--picture", other), "Nothing is marked on the photo"),
    ):
        code, _, said = terminal.run("edit", photo, "--to", "a ball", *asked)
        assert code != 0
        assert sentence in said
    reduce(model, next(iter(find_model(str(model)).additions)).given.file)
    code, _, said = terminal.run("edit", photo, "--to", "a ball", *of, *mask, "--picture", other)
    assert code != 0
    assert "reads no pictures; give it an IP-Adapter" in said
    assert not photo.with_name(photo.name + ".nti").exists()
    terminal.answer("invert", photo, "--prompt", samples()[0].caption, "--steps", "4", "--method", "resample")
    code, _, said = terminal.run("edit", photo, "--to", "a ball", "--picture", other)
    assert code != 0
    assert "draws after no picture" in said


def test_another_adapter_is_not_taken_for_the_one_that_was_drawn_with(
    photo: Path, reading: Path, terminal: Terminal, tmp_path: Path
) -> None:
    asked = ("--to", "", "--mask", "10,10,90,90", "--picture", samples()[1].path, "--name", "Shown")
    terminal.answer("edit", photo, *asked, "--model", reading)
    (given,) = find_model(str(reading)).additions
    reduce(reading, given.given.file)
    extend(reading, write_image_adapter(tmp_path / "plus", reading / "unet", Kind.PLUS))
    code, _, said = terminal.run("export", photo, "--name", "Shown", "--out", tmp_path / "out.png")
    assert code != 0
    assert "“ip-adapter_sd15.safetensors” reads" in said
    assert "has “ip-adapter-plus_sd15.safetensors” now; give it that one again" in said


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ([], "Nothing is marked on the photo"),
        (["--to", ""], "Nothing is marked on the photo"),
        (["--mask", "5,5,1,1"], "Too little of the photo is marked"),
        (["--mask", "0,0,100000,10"], "leaves the part of the photo that is worked on"),
        (["--mask", "0,0 10,10"], "not a line of three points"),
        (["--mask", "a,b,c,d"], "not of the form X,Y,W,H"),
        (["--mask", "0,0,50,50", "--blend", "ball"], "does not know where words look"),
    ],
)
def test_what_cannot_be_filled_is_one_sentence(
    photo: Path, model: Path, terminal: Terminal, asked: list[str], sentence: str
) -> None:
    code, _, said = terminal.run("edit", photo, "--to", "a ball", "--model", model, *asked)
    assert code != 0
    assert sentence in said
    assert not photo.with_name(photo.name + ".nti").exists()


def test_a_self_test_says_what_a_model_for_inpainting_is_good_for(model: Path, terminal: Terminal) -> None:
    code, _, said = terminal.run("doctor", "--model", model)
    assert code != 0
    assert "removes or replaces what is marked and changes no words" in said


def test_there_is_nothing_to_invert_for_filling_in(photo: Path, model: Path, terminal: Terminal) -> None:
    code, _, said = terminal.run("invert", photo, "--prompt", "a ball", "--model", model)
    assert code != 0
    assert "needs nothing prepared" in said


@pytest.mark.slow
def test_a_mask_confines_an_edit_by_words_too(photo: Path, terminal: Terminal) -> None:
    sample, out = samples()[0], photo.with_name("edit.png")
    terminal.answer("invert", photo, "--prompt", sample.caption, "--steps", "4")
    height, width = pixels(photo).shape[:2]
    mask = f"0,0,{width // 2},{height}"
    answer = terminal.answer("edit", photo, "--to", sample.edits[0], "--mask", mask, "--out", out)
    assert answer["coverage"] == pytest.approx(0.5, abs=0.01)
    differs = np.abs(pixels(out) - pixels(photo)).max(-1)
    assert differs[:, : width // 2].max() > 8
    assert differs[:, width // 2 :].max() == 0
