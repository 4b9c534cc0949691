"""Training a model of the first world on in all formats: its scenes, its words, and steps from its weights."""

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.resources import resource
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.studio import scenes
from nti_desktop.studio.captions import caption
from nti_desktop.studio.scenes import is_learned
from nti_desktop.studio.train import course, formats, grid, pictures
from nti_desktop.studio.train.diffusion import weights_of
from nti_desktop.studio.world import ASPECTS

BASE = resource("models", "studio")


def test_its_scenes_are_those_of_the_first_world_in_every_format_and_some_are_close() -> None:
    rng = random.Random(1)
    found = [formats.draw(rng) for _ in range(300)]
    assert all(is_learned(thing) for scene in found for thing in scene.things)
    square = sum(scene.view.aspect == 1 for scene in found) / len(found)
    assert 0.5 < square < 0.7
    assert {scene.view.aspect for scene in found} == set(ASPECTS)
    close = [scene for scene in found if scene.view.is_close]
    assert 0.05 < len(close) / len(found) < 0.3
    assert all(len(scene.things) == 1 for scene in close)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_things_stand_closer_together_only_where_a_picture_is_tall(aspect: float) -> None:
    scene = scenes.draw_scene(4)
    seen = scenes.in_format(scene, aspect)
    for before, after in zip(scene.things, seen.things, strict=True):
        assert abs(after.x) < abs(before.x) if aspect < 1 else after.x == before.x
    assert seen == replace(scene, things=seen.things, view=seen.view)


def test_it_says_no_word_that_the_model_does_not_know() -> None:
    known = set((BASE / "words.txt").read_text("utf-8").split())
    rng = random.Random(2)
    said = [caption(formats.draw(rng), formats.draw_some_words(rng)).lower() for _ in range(2000)]
    assert {word for text in said for word in text.split()} <= known
    short = sum(len(text.split()) < 8 for text in said)
    assert 40 < short < 400


def test_a_picture_is_as_many_cells_as_the_model_has_latents() -> None:
    assert formats.size_of(BASE) == 128


def test_a_quarter_of_the_weights_that_it_began_from_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)  # its monitor would be left behind
    for part, network in zip(("unet", "text_encoder"), weights_of(BASE), strict=True):
        for weight in network.parameters():
            weight.detach().add_(1)
        network.save_pretrained(tmp_path / part)
    formats.mix(BASE, tmp_path)
    for before, after in zip(weights_of(BASE), weights_of(tmp_path), strict=True):
        for known, mixed in zip(before.parameters(), after.parameters(), strict=True):
            assert float((mixed - known).detach().sub(0.75).abs().max()) < 0.01


@pytest.mark.slow
def test_it_goes_on_from_the_weights_and_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, small in (
        (course, "ON_PROCESSOR", replace(course.ON_PROCESSOR, scenes=2)),
        (grid, "SEEDS", range(6)),
        (grid, "STEPS", 2),
        (pictures.draw_all, "__defaults__", (6, pictures.SECOND_WORLD)),
    ):
        monkeypatch.setattr(module, name, small)
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)  # its monitor would be left behind
    base, _ = weights_of(BASE)
    told = ["formats", "--base", str(BASE), "--out", str(tmp_path), "--streams", "3", "--workers", "1", "--steps"]
    moved = []
    for steps in ("1", "3", "3"):
        monkeypatch.setattr(sys, "argv", [*told, steps])
        formats.main()
        unet, _ = weights_of(tmp_path / "model")
        pairs = zip(unet.parameters(), base.parameters(), strict=True)
        moved.append(max(float((after - before).detach().abs().max()) for after, before in pairs))
    assert 0 < moved[0] < moved[1] == moved[2] < 0.1
    assert find_model(str(tmp_path / "model")).words == built_in().words
