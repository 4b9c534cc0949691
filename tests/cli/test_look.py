"""A photo takes the look of another one on the command line, and needs that one no more."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.samples import samples
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import Film, Sky, Weather, draw_scene
from tests.cli.conftest import Terminal


@pytest.mark.slow
def test_a_look_is_taken_kept_as_words_and_rendered_again_without_the_other_photo(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = Path(shutil.copy(samples()[0].path, tmp_path / "photo.jpg"))
    other, out, again = (tmp_path / name for name in ("night.png", "out.png", "again.png"))
    scene = replace(draw_scene(730_001), sky=Sky.NIGHT, weather=Weather.CLEAR, film=Film.COLOUR)
    Image.fromarray(training_picture(scene).image).save(other)
    terminal.answer("invert", photo, "--prompt", samples()[0].caption, "--steps", 4)
    loaded: list[object] = []

    def counted(*arguments: object) -> object:
        loaded.append(arguments)
        return load_model(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("nti_desktop.engine.service.load_model", counted)
    answer = terminal.answer("edit", photo, "--look", other, "--name", "Night", "--out", out)
    assert len(loaded) == 1, "one engine reads the look and draws the edit"
    assert answer["look"] == "a photo at night"
    assert answer["prompt"].endswith("at night")
    assert answer["changed"] > 0.1
    other.unlink()
    terminal.answer("export", photo, "--name", "Night", "--out", again)
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(Image.open(again)))


@pytest.mark.slow
def test_a_description_is_completed_by_what_the_model_sees(tmp_path: Path, terminal: Terminal) -> None:
    photo, thing = tmp_path / "photo.png", draw_scene(730_003).things[0]
    scene = replace(draw_scene(730_003), sky=Sky.NIGHT, weather=Weather.CLEAR, film=Film.SEPIA)
    Image.fromarray(training_picture(scene).image).save(photo)
    asked = "invert", photo, "--prompt", f"a {thing.shape}", "--complete", "--steps", 2
    prompt = terminal.answer(*asked)["prompt"]
    assert prompt.startswith("a sepia photo of a ")
    assert f" {thing.shape} " in prompt
    assert f"on {scene.ground}" in prompt
    assert "at night" in prompt
    said = f"a sepia photo of a red metal {thing.shape} and a ball on sand at night in fog"
    assert "says already all" in terminal.refusal(*asked[:3], said, "--complete", code=2)


@pytest.mark.slow
def test_the_photo_itself_and_what_is_no_photo_are_refused(tmp_path: Path, terminal: Terminal) -> None:
    photo = Path(shutil.copy(samples()[0].path, tmp_path / "photo.jpg"))
    terminal.answer("invert", photo, "--prompt", samples()[0].caption, "--steps", 2)
    assert "choose another one" in terminal.refusal("edit", photo, "--look", photo, code=1)
    assert "missing.jpg" in terminal.refusal("edit", photo, "--look", tmp_path / "missing.jpg", code=1)
    assert "--look" in terminal.refusal("edit", photo, code=2)
