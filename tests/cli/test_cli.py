"""The command line on the real built-in model, with few steps: a photo is prepared, edited, exported."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.editing import feedback
from nti_desktop.editing.engine_jobs import measure_job
from nti_desktop.editing.session import Session
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.kinds import changed_kinds
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.words import split_words
from tests.cli.conftest import SAMPLE, STEPS, Terminal, pixels, sidecar_of


def test_from_a_photo_to_an_exported_edit(photo: Path, tmp_path: Path, terminal: Terminal) -> None:
    before = photo.read_bytes()
    inversion = terminal.answer("invert", photo, "--prompt", SAMPLE.caption, "--steps", STEPS)
    assert inversion["unet_rows"] == 2, "what the description explains; the usual way inverts nothing"
    assert inversion["seconds"] > 0
    assert inversion["reconstruction_psnr"] is None
    assert inversion["autoencoder_psnr"] > feedback.STRANGE_PSNR
    assert Path(inversion["sidecar"]) == sidecar_of(photo)

    first, second = tmp_path / "first.png", tmp_path / "second.png"
    edit = terminal.answer("edit", photo, "--to", SAMPLE.edits[0], "--name", "First", "--out", first)
    assert edit["unet_rows"] > 0
    assert edit["reconstruction_psnr"] is None
    assert edit["out"] == str(first)
    assert 0 < edit["changed"] <= 1
    assert pixels(first).shape == pixels(photo).shape
    assert not np.array_equal(pixels(first), pixels(photo))

    terminal.answer("edit", photo, "--to", SAMPLE.edits[1])
    assert [v["name"] for v in terminal.answer("info", photo)["versions"]] == ["First", "Version 1"]
    exported = terminal.answer("export", photo, "--name", "First", "--out", second)
    assert exported["version"] == edit["version"]
    np.testing.assert_array_equal(pixels(first), pixels(second))
    assert Session.open(photo).working_copy.preview(edit["version"]) is not None
    assert photo.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("method", ["null-text", "negative-prompt", "pinned", "residual"])
def test_every_method_can_be_asked_for(photo: Path, terminal: Terminal, method: str) -> None:
    asked = ("--method", method, "--steps", 2, "--guidance", 3)
    answer = terminal.answer("invert", photo, "--prompt", SAMPLE.caption, *asked)
    assert (answer["method"], answer["steps"], answer["guidance"]) == (method, 2, 3)
    assert answer["unet_rows"] >= 2 * 2
    assert 5 < answer["reconstruction_psnr"] <= 150
    assert answer["ran"] == ("null-text (published)" if method == "null-text" else method)
    arrays = read_sidecar(sidecar_of(photo)).arrays(answer["inversion"])
    assert ("null_embeddings" in arrays) == (method == "null-text")
    edit = terminal.answer("edit", photo, "--to", SAMPLE.edits[0])
    assert edit["inversion"] == answer["inversion"]
    assert edit["reconstruction_psnr"] == pytest.approx(answer["reconstruction_psnr"])


def test_every_control_reaches_the_recipe(inverted: Path, terminal: Terminal) -> None:
    words = split_words(SAMPLE.edits[0])
    repeated = next(w for w in words if sum(o.text == w.text for o in words) > 1)
    second = [w for w in words if w.text == repeated.text][1]
    subject = words[1].text
    terminal.answer(
        "edit", inverted, "--to", SAMPLE.edits[0], "--weight", f"{repeated.text}#2=-1.5", "--blend", subject,
        "--keep", repeated.text, "--cross", 0.25, "--self", 0.5, "--threshold", 0.7, "--feather", 0.05,
        "--guidance", 2.5,
    )  # fmt: skip
    version = Session.open(inverted).project.versions[0]
    recipe = version.recipe.recipe()
    assert version.finish.feather == 0.05
    assert [(c.position, c.weight) for c in recipe.words] == [(second.position, -1.5)]
    assert recipe.blend is not None
    assert [w.text for w in recipe.blend.words] == [subject]
    assert [w.position for w in recipe.blend.keep] == [repeated.position]
    assert recipe.blend.threshold == 0.7
    assert (recipe.cross_until, recipe.self_until, recipe.guidance_scale) == (0.25, 0.5, 2.5)


@pytest.mark.slow
def test_structure_follows_the_change_unless_it_is_said(inverted: Path, terminal: Terminal) -> None:
    def recipe(*asked: object) -> EditRecipe:
        version = terminal.answer("edit", inverted, "--to", SAMPLE.edits[0], *asked)["version"]
        return Session.open(inverted).project.version(version).recipe.recipe()

    by_itself = recipe()
    assert by_itself.automatic
    kinds = [kind for _, kind in changed_kinds(SAMPLE.caption, SAMPLE.edits[0])]
    assert by_itself.self_until == min(STUDIO_DEFAULTS.windows_for(kind).itself for kind in kinds)
    followed, mixed = recipe("--follow", 0.3), recipe("--follow", 0.3, "--self", 0.9)
    assert (followed.automatic, followed.cross_until, followed.self_until) == (False, 0.3, 0.3)
    assert (mixed.automatic, mixed.cross_until, mixed.self_until) == (False, 0.3, 0.9)


@pytest.mark.slow
def test_at_strength_zero_the_photo_comes_out_and_halfway_something_between(
    inverted: Path, tmp_path: Path, terminal: Terminal
) -> None:
    pictures = []
    for strength in (0, 0.5, 1):
        out = tmp_path / f"{strength}.png"
        answer = terminal.answer("edit", inverted, "--to", SAMPLE.edits[0], "--strength", strength, "--out", out)
        assert (answer["unet_rows"] == 0) == (strength == 0)
        pictures.append(pixels(out).astype(int))
    photo = pixels(inverted).astype(int)
    np.testing.assert_array_equal(pictures[0], photo)
    half, whole = (np.square(picture - photo).mean() for picture in pictures[1:])
    assert 0 < half < whole
    code, _, said = terminal.run("edit", inverted, "--to", SAMPLE.edits[0], "--strength", 1.6)
    assert (code, said.strip()) == (2, "Strength is 1.6; it must lie between 0 and 1.5.")


@pytest.mark.slow
def test_weights_act_on_attention_where_that_is_asked_for(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    word = SAMPLE.caption.split()[4]
    changed = {}
    for act_on in ("embedding", "attention"):
        asked = ("--to", SAMPLE.caption, "--weight", f"{word}=-1", "--reweight", act_on)
        answer = terminal.answer("edit", inverted, *asked)
        changed[act_on] = answer["changed"]
        recipe = Session.open(inverted).project.version(answer["version"]).recipe.recipe()
        assert recipe.reweighting == act_on
    assert changed["embedding"] > 2 * changed["attention"]


def test_a_blended_edit_leaves_the_rest_of_the_photo_alone(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    out = tmp_path / "edit.png"
    subject = feedback.changed_words(SAMPLE.caption, EditRecipe(SAMPLE.edits[0]))[0].text
    answer = terminal.answer("edit", inverted, "--to", SAMPLE.edits[0], "--blend", subject, "--out", out)
    assert 0 < answer["coverage"] < 1
    same = (pixels(out) == pixels(inverted)).all(-1)
    assert 0 < same.mean() < 1


def test_an_edit_in_capitals_with_a_full_stop_is_the_photo_itself_and_says_why(
    inverted: Path, tmp_path: Path, terminal: Terminal
) -> None:
    out = tmp_path / "same.png"
    answer = terminal.answer("edit", inverted, "--to", f"{SAMPLE.caption.title()}.", "--out", out)
    assert answer["unet_rows"] == 0
    assert "The edit differs only in capitals or punctuation, which change nothing." in answer["notes"]
    np.testing.assert_array_equal(pixels(out), pixels(inverted))


def test_a_word_with_a_hyphen_takes_a_weight_and_a_mask(inverted: Path, terminal: Terminal) -> None:
    terminal.answer(
        "edit",
        inverted,
        "--to",
        f"{SAMPLE.caption} in grey-blue",
        "--weight",
        "grey\u2011blue=2",
        "--blend",
        "grey-blue",
    )
    recipe = Session.open(inverted).project.versions[-1].recipe.recipe()
    assert [(c.text, c.weight) for c in recipe.words] == [("grey", 2.0), ("blue", 2.0)]
    assert recipe.blend is not None
    assert [ref.text for ref in recipe.blend.words] == ["grey", "blue"]


def test_emphasis_typed_into_the_sentence_is_a_weight_and_a_given_weight_wins(
    inverted: Path, terminal: Terminal
) -> None:
    marked = SAMPLE.edits[0].replace("yellow", "(yellow:1.5)").replace("stone", "stone++")
    assert marked != SAMPLE.edits[0]
    code, out, err = terminal.run("edit", inverted, "--to", marked, "--weight", "stone=0.5", "--json")
    assert code == 0
    answer = json.loads(out)
    assert answer["prompt"] == SAMPLE.edits[0]
    assert {w["word"]: w["weight"] for w in answer["weights"]} == {"yellow": 1.5, "stone": 0.5}
    assert err == "Typed emphasis was read as weights: “yellow” at 1.5.\n"
    assert answer["notes"][0] == err.strip()
    recipe = Session.open(inverted).project.versions[-1].recipe.recipe()
    assert [(c.text, c.weight) for c in recipe.words] == [("yellow", 1.5), ("stone", 0.5)]


def test_a_description_needs_no_weights(photo: Path, terminal: Terminal) -> None:
    marked = SAMPLE.caption.replace("stone", "(stone:1.3)")
    code, out, err = terminal.run("invert", photo, "--prompt", marked, "--steps", STEPS, "--json")
    assert code == 0
    assert json.loads(out)["prompt"] == SAMPLE.caption
    assert err == f"{feedback.NO_WEIGHTS}\n"


def test_an_edit_that_asks_for_nothing_is_the_photo_itself(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    answer = terminal.answer("edit", inverted, "--to", SAMPLE.caption, "--out", tmp_path / "same.png")
    assert answer["unet_rows"] == 0
    np.testing.assert_array_equal(pixels(tmp_path / "same.png"), pixels(inverted))


def test_an_edit_without_effect_says_so(inverted: Path, terminal: Terminal) -> None:
    first = split_words(SAMPLE.caption)[0].text
    code, out, _ = terminal.run("edit", inverted, "--to", SAMPLE.caption, "--weight", f"{first}=1.01")
    assert code == 0
    assert f"“{first}” changed next to nothing in the photo." in out


def test_a_sample_is_known_and_a_strange_picture_is_warned_of(photo: Path, terminal: Terminal) -> None:
    code, _, err = terminal.run("invert", photo, "--prompt", SAMPLE.caption, "--steps", 2)
    assert (code, err) == (0, "")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)).save(photo.with_name("noise.png"))
    code, _, err = terminal.run("invert", photo.with_name("noise.png"), "--prompt", "a ball", "--steps", 2)
    assert (code, err) == (0, feedback.STRANGE + "\n")


@pytest.mark.slow
def test_words_the_model_never_learned_are_noted_and_hinder_nothing(photo: Path, terminal: Terminal) -> None:
    code, out, err = terminal.run("invert", photo, "--prompt", "a red ball on sand, zebra", "--steps", 2)
    assert code == 0
    assert err == "The model “Studio (built in)” never learned “zebra”; the edit may do nothing there.\n"
    assert "zebra" not in out
    code, out, err = terminal.run("edit", photo, "--to", "a redd ball on Sand", "--json")
    assert code == 0
    assert (
        err
        == "The model “Studio (built in)” never learned “redd”; the edit may do nothing there. Did you mean “red”?\n"
    )
    assert json.loads(out)["notes"][0] == err.rstrip()
    assert terminal.run("edit", photo, "--to", "A red BALL, on sand!")[2] == ""


@pytest.mark.slow
def test_the_built_in_model_knows_every_sample() -> None:
    service, studio = EngineService(), built_in()
    for sample in samples():
        measured = service.measure(measure_job(Session.open(sample.path), studio))
        assert not feedback.is_strange(studio, measured), sample.path.name


@pytest.mark.slow
def test_the_demo_leaves_pictures_a_project_and_a_contact_sheet(tmp_path: Path, terminal: Terminal) -> None:
    for _ in range(2):  # a second one replaces the first
        answer = terminal.answer("demo", "--out", tmp_path / "out")
        assert len(answer["edits"]) == 3
        assert all(edit["changed"] > feedback.NEXT_TO_NOTHING for edit in answer["edits"])
        assert len(answer["written"]) == 4
        for path in answer["written"]:
            pixels(Path(path))
        project = Session.open(Path(answer["photo"])).project
        assert (len(project.inversions), len(project.versions)) == (1, 3)
    assert list(Path(answer["sidecar"]).parent.glob("*.nti.earlier*"))


@pytest.mark.slow
def test_the_doctor_finds_a_working_program_well(terminal: Terminal) -> None:
    answer = terminal.answer("doctor")
    assert answer["well"]
    assert answer["packages"]["torch"].startswith("2.13.0")
    assert answer["seconds"] < 60
    assert answer["memory_free"] > 0
