"""Which areas a version edits, and what it asks for of each."""

import pytest

from nti_desktop.editing.history import EditState
from nti_desktop.editing.version_areas import (
    areas_as_laid,
    descriptions,
    edits_beside,
    edits_by_area,
    is_the_photo,
    parts_beside,
)
from nti_desktop.editing.version_list import part_of, state_of
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import Project, VersionRecord
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.sidecars import SOURCE, make_inversion, make_project

WHOLE, CORNER, SKY = Area(0, 0, 3000, 2000), Area(100, 200, 300, 400), Area(0, 0, 3000, 500)
CHANGED, UNCHANGED = (EditState(EditRecipe(prompt), Finish(0.1)) for prompt in ("a dark sky", SOURCE))


@pytest.fixture
def project() -> Project:
    """Its version edits the whole, a corner and the sky; the sky was laid in before the corner, by another model."""
    plain = make_project(1)
    frames = [
        plain.frames[0].model_copy(
            update={"id": name, "x": area.x, "y": area.y, "width": area.width, "height": area.height}
        )
        for name, area in (("sky", SKY), ("corner", CORNER))
    ]
    inversions = [
        make_inversion(name, Method.RESIDUAL).model_copy(update={"frame": name}) for name in ("sky", "corner")
    ]
    inversions[0] = inversions[0].model_copy(update={"model_fingerprint": "1" * 64})
    others = (part_of(UNCHANGED, "corner"), part_of(CHANGED, "sky"))
    return plain.model_copy(
        update={
            "frames": (*plain.frames, *frames),
            "inversions": (*plain.inversions, *inversions),
            "versions": (plain.versions[0].model_copy(update={"others": others}),),
        }
    )


@pytest.fixture
def version(project: Project) -> VersionRecord:
    return project.versions[0]


def test_each_area_has_its_edit_and_the_one_worked_on_comes_first(project: Project, version: VersionRecord) -> None:
    edits = edits_by_area(project, version)
    assert list(edits) == [WHOLE, CORNER, SKY]
    assert [state_of(part) for part in edits.values()] == [state_of(version), UNCHANGED, CHANGED]
    assert list(edits.values()) == list(version.parts)


def test_areas_are_laid_in_the_order_of_the_projects_frames(project: Project, version: VersionRecord) -> None:
    assert areas_as_laid(project, version) == [WHOLE, SKY, CORNER]
    alone = version.model_copy(update={"others": ()})
    assert areas_as_laid(project, alone) == [WHOLE]


def test_areas_are_described_for_the_model_that_they_were_prepared_with(
    project: Project, version: VersionRecord
) -> None:
    assert descriptions(project, version, "0" * 63 + "f") == {WHOLE: SOURCE, CORNER: SOURCE}
    assert descriptions(project, version, "1" * 64) == {SKY: SOURCE}


def test_beside_the_area_worked_on_only_edits_that_ask_for_something_count(
    project: Project, version: VersionRecord
) -> None:
    assert edits_beside(project, version) == (("sky", CHANGED),)


def test_a_version_is_the_photo_where_no_area_asks_for_something(project: Project, version: VersionRecord) -> None:
    assert not is_the_photo(project, version)
    unchanged = version.model_copy(update={"recipe": RecipeRecord.of(UNCHANGED.recipe), "others": ()})
    assert is_the_photo(project, unchanged)
    assert not is_the_photo(project, unchanged.model_copy(update={"others": version.others})), "the sky is dark"


def test_an_edit_takes_the_place_of_the_one_that_its_area_has_by_a_model_of_another_size(project: Project) -> None:
    larger = project.frames[0].model_copy(update={"id": "larger", "model_width": 1024, "model_height": 688})
    again = make_inversion("again", Method.RESIDUAL).model_copy(update={"frame": "larger"})
    project = project.model_copy(
        update={"frames": (*project.frames, larger), "inversions": (*project.inversions, again)}
    )
    assert [part.inversion for part in parts_beside(project, "again")] == ["corner", "sky"]


def test_before_the_photo_was_prepared_there_is_nothing() -> None:
    project = make_project(0)
    assert edits_by_area(project, None) == {}
    assert descriptions(project, None, "1" * 64) == {}
    assert areas_as_laid(project, None) == []
    assert edits_beside(project, None) == ()
