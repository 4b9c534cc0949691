"""A photo is given an order on the command line: nothing is prepared, and the sidecar keeps what was asked."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.models.library import catalog
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.methods import Method
from tests.cli.conftest import Terminal
from tests.instruct_models import make_orders_model

SAID = samples()[0].caption


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "ORDERS_DEFAULTS", replace(catalog.ORDERS_DEFAULTS, steps=4))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_orders_model(built_in().files.folder, tmp_path_factory.mktemp("orders") / "model")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    photo = tmp_path / "photo.png"
    shutil.copyfile(samples()[0].path, photo)
    return photo


def test_an_order_is_carried_out_kept_and_given_again(photo: Path, model: Path, terminal: Terminal) -> None:
    out = photo.with_name("edit.png")
    answer = terminal.answer("edit", photo, "--to", "make it blue", "--model", model, "--seed", "3", "--out", out)
    assert answer["unet_rows"] == (3 + 3) * built_in_steps(model)  # of the order, and once of the photo
    assert answer["reconstruction_psnr"] is None
    assert not any("mask" in sentence for sentence in answer["notes"])  # nobody asked for one
    first = np.asarray(Image.open(out)).astype(int)
    assert np.abs(first - np.asarray(Image.open(photo).convert("RGB")).astype(int)).max() > 8
    stored = read_sidecar(photo.with_name(photo.name + ".nti"))
    (inversion,) = stored.project.inversions
    assert inversion.settings.prompt == ""
    assert stored.arrays(inversion.id) == {}
    assert stored.project.versions[0].recipe.recipe().seed == 3
    again = terminal.answer(
        "edit", photo, "--to", "make it blue", "--seed", "3", "--out", out, "--if-exists", "overwrite"
    )
    assert again["inversion"] == inversion.id
    assert np.array_equal(first, np.asarray(Image.open(out)))
    assert "of the whole photo: instruct" in terminal.run("info", photo)[1]
    third = terminal.answer("edit", photo, "--to", "remove the ball", "--model", model)
    assert third["inversion"] == inversion.id


def test_a_sentence_after_an_order_is_about_the_described_photo(photo: Path, model: Path, terminal: Terminal) -> None:
    described = terminal.answer("invert", photo, "--prompt", SAID, "--steps", "4")
    ordered = terminal.answer("edit", photo, "--to", "make it blue", "--model", model)
    said = terminal.answer("edit", photo, "--to", f"{SAID} at sunset")
    assert said["inversion"] == described["inversion"] != ordered["inversion"]
    code, _, fault = terminal.run("series", photo, "--frame", f"{SAID} at night")
    assert (code, fault) == (0, "")
    again = terminal.answer("edit", photo, "--to", "make it red", "--inversion", ordered["inversion"])
    assert again["inversion"] == ordered["inversion"]


def built_in_steps(model: Path) -> int:
    from nti_desktop.models.library.catalog import find_model

    entry = find_model(str(model))
    return entry.defaults.steps_for(entry.defaults.method)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--model", "studio"], "takes no orders"),
        (["--blend", "ball"], "does not know where words look"),
        (["--reweight", "attention"], "does not know where words look"),
        (["--seed", "-1"], "The seed -1 is not possible"),
        (["--image-guidance", "11"], "Likeness is 11"),
    ],
)
def test_what_is_no_order_is_one_sentence(
    photo: Path, model: Path, terminal: Terminal, asked: list[str], sentence: str
) -> None:
    chosen = [] if "--model" in asked else ["--model", str(model)]
    code, _, said = terminal.run("edit", photo, "--to", "make it blue", *chosen, *asked)
    assert code != 0
    assert sentence in said
    assert not photo.with_name(photo.name + ".nti").exists()


def test_a_self_test_of_a_model_that_takes_orders_says_how_to_try_it(
    photo: Path, model: Path, terminal: Terminal
) -> None:
    code, _, said = terminal.run("doctor", "--model", model)
    assert code != 0
    assert "takes orders" in said


def test_there_is_nothing_to_invert_for_an_order(photo: Path, model: Path, terminal: Terminal) -> None:
    for chosen in (["--model", model], ["--method", "instruct"]):
        code, _, said = terminal.run("invert", photo, "--prompt", "a ball", *chosen)
        assert code != 0
        assert "needs nothing prepared" in said
    code, _, said = terminal.run("invert", photo, "--prompt", "a ball", "--model", model, "--method", "pinned")
    assert code != 0
    assert "is not edited by pinned; choose one of instruct" in said


@pytest.mark.parametrize("method", ["edict", "resample"])
def test_a_self_test_by_a_method_without_masks_is_one_sentence(method: str, terminal: Terminal) -> None:
    code, _, said = terminal.run("doctor", "--model", "studio", "--method", method)
    assert code != 0
    assert f"which {method} has none of" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "flags"),
    [
        ("embedding", []),
        ("imagic", []),
        ("edict", []),
        ("resample", ["--noise", "0.5", "--seed", "2"]),
        ("resample", ["--lot", "own"]),
        ("diffedit", []),
    ],
)
@pytest.mark.usefixtures("learns_little")
def test_a_photo_is_edited_by_the_neighbouring_methods(
    photo: Path, method: str, flags: list[str], terminal: Terminal
) -> None:
    sample, out = samples()[0], photo.with_name("edit.png")
    answer = terminal.answer("invert", photo, "--prompt", sample.caption, "--method", method, "--steps", "6")
    assert answer["ran"] == method
    edit = terminal.answer("edit", photo, "--to", sample.edits[0], "--out", out, *flags)
    assert edit["unet_rows"] > 0
    assert edit["changed"] > 0.01
    assert out.exists()
    if method == "edict":
        assert answer["reconstruction_psnr"] > 80
        assert answer["guidance"] == built_in().defaults.guidance_of(Method.EDICT)
    assert (edit["coverage"] < 1) is (method == "diffedit")
