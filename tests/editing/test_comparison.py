"""The ways in which an edit can be made, with the steps that each is used with."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from nti_desktop.editing.comparison import Comparison, comparison_of
from nti_desktop.editing.document import Document
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.image_prompts import prompt_of
from nti_desktop.editing.marking import marks_on_photo
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import SOURCE, scene, with_a_version


def compared(document: Document, method: Method, steps: int) -> Comparison | None:
    return comparison_of(document, built_in(), (method, steps), Estimates(), None)


def draft(photo: Path) -> Document:
    """An edit of a photo that is not prepared with its description."""
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    document.describe("a red ball")
    document.say_in_words("a blue ball")
    return document


def settings_by_method(comparison: Comparison | None) -> dict[Method, InversionSettings]:
    assert comparison is not None
    return {settings.method: settings for settings in comparison.ways}


def test_each_way_takes_its_usual_steps_and_guidance(photo: Path) -> None:
    ways = settings_by_method(compared(draft(photo), Method.RESIDUAL, STUDIO_DEFAULTS.steps))
    assert set(ways) == set(built_in().methods)
    assert {method: way.steps for method, way in ways.items()} == {
        method: STUDIO_DEFAULTS.steps_for(method) for method in ways
    }
    assert {method: way.guidance_scale for method, way in ways.items()} == {
        method: STUDIO_DEFAULTS.guidance_of(method) for method in ways
    }


def test_steps_that_were_chosen_by_hand_are_those_of_all_ways(photo: Path) -> None:
    ways = settings_by_method(compared(draft(photo), Method.RESIDUAL, 7))
    assert {way.steps for way in ways.values()} == {7}


def test_what_the_photo_is_prepared_with_is_one_of_the_ways(photo: Path) -> None:
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    assert document.inversion is not None
    comparison = compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps)
    ways = settings_by_method(comparison)
    assert ways[Method.RESIDUAL] == document.inversion.settings.settings()
    document.say_in_words(SOURCE)
    assert compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps) is None


def test_the_way_that_a_version_is_made_by_keeps_its_edit_as_it_is(photo: Path) -> None:
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    document.edit("strength", lambda recipe: replace(recipe, strength=0.4))
    comparison = compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps)
    ways = settings_by_method(comparison)
    assert comparison is not None
    assert comparison.edit(ways[Method.RESIDUAL], None) == document.state
    assert comparison.edit(ways[Method.PINNED], None).recipe.strength == 0.4


def test_on_the_same_model_windows_said_by_hand_stay_so_even_where_they_are_the_usual_ones(photo: Path) -> None:
    document, usual = Document(with_a_version(photo), STUDIO_DEFAULTS), STUDIO_DEFAULTS
    said = {"automatic": False, "cross_until": usual.cross_until, "self_until": usual.self_until}
    document.edit("windows", lambda recipe: replace(recipe, **said))
    comparison = compared(document, Method.RESIDUAL, usual.steps)
    assert comparison is not None
    assert not comparison.edit(settings_by_method(comparison)[Method.PINNED], None).recipe.automatic


def test_other_ways_see_the_marks_of_a_photo_that_was_turned_where_they_lie_in_it(tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    Image.fromarray(scene()).save(path)
    session = with_a_version(path)
    version = session.project.versions[0]
    marked = replace(version.recipe.recipe(), within=(rectangle(0.1, 0.2, 0.4, 0.3),))
    session.change_version(version.id, recipe=marked)
    session.save()
    subprocess.run(["exiftool", "-q", "-Orientation#=6", "-overwrite_original", path], check=True)
    again = Session.open(path)
    again.meet_model(again.project.inversions[0].model_fingerprint, built_in())
    document = Document(again, STUDIO_DEFAULTS)
    comparison = compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps)
    ways = settings_by_method(comparison)
    assert comparison is not None
    assert comparison.edit(ways[Method.RESIDUAL], None) == document.state, "its own frame is turned with it"
    (outline,) = comparison.edit(ways[Method.PINNED], None).recipe.within
    width, height = document.session.photo.raster.size
    (shown,) = marks_on_photo(document)
    assert np.allclose([(x / width, y / height) for x, y in shown], outline.points, atol=0.01)
    assert not np.allclose(outline.points, marked.within[0].points, atol=0.05)


def test_what_another_model_prepared_or_one_that_is_not_found_is_none_of_the_ways(photo: Path) -> None:
    with_a_version(photo)
    document = Document(Session.open(photo), STUDIO_DEFAULTS)
    comparison = compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps)
    assert comparison is not None
    assert comparison.own is None, "its model was not found yet"
    assert document.inversion is not None
    other = replace(built_in(), id="/models/other")
    document.session.meet_model(document.inversion.model_fingerprint, other)
    comparison = compared(document, Method.RESIDUAL, STUDIO_DEFAULTS.steps)
    assert comparison is not None
    assert comparison.own is None


def test_an_edit_after_a_picture_is_compared_by_the_ways_that_draw_after_one(photo: Path) -> None:
    document = draft(photo)
    shown = prompt_of(Raster(np.zeros((50, 50, 3), np.uint8)), "")
    document.edit("picture", lambda recipe: replace(recipe, within=(rectangle(0, 0, 1, 1),), image_prompt=shown))
    ways = settings_by_method(compared(document, Method.RESIDUAL, 20))
    assert set(ways) == {method for method, row in METHODS.items() if row.lays}
    document.edit("picture", lambda recipe: replace(recipe, image_prompt=None))
    assert len(settings_by_method(compared(document, Method.RESIDUAL, 20))) > len(ways)
