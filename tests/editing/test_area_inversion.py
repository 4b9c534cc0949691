"""The edit of an area that was inverted."""

from dataclasses import replace

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.history import EditState
from nti_desktop.models.library.catalog import ModelEntry, built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Figures, Inversion
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from tests.sidecars import make_inversion

ASKED = EditState(EditRecipe("a blue cube", cross_until=0.8, self_until=0.4), Finish(feather=0.1))
OTHER = make_inversion("other", Method.RESIDUAL).model_copy(update={"model": "/models/other"})


@pytest.fixture
def entry() -> ModelEntry:
    return built_in()


@pytest.fixture
def made() -> AreaInversion:
    settings = InversionSettings("a red cube", Method.RESIDUAL)
    return AreaInversion(Area(0, 0, 64, 64), "0" * 64, Inversion(settings, {}, None, Figures(1.0, 1)))


def test_an_area_without_an_edit_begins_with_unchanged_words(made: AreaInversion, entry: ModelEntry) -> None:
    state = made.edit(entry, None, None)
    assert (state.recipe.prompt, state.recipe.automatic, state.finish) == ("a red cube", True, Finish())


def test_an_edit_by_the_same_model_stays_as_it_was_said(made: AreaInversion, entry: ModelEntry) -> None:
    assert made.edit(entry, ASKED, make_inversion("before", Method.RESIDUAL)) == ASKED
    assert made.edit(entry, ASKED, None) == ASKED


def test_an_edit_for_another_model_has_what_is_usual_there(made: AreaInversion, entry: ModelEntry) -> None:
    usual = EditDefaults()
    assert (ASKED.recipe.cross_until, ASKED.recipe.self_until) == (usual.cross_until, usual.self_until)
    state = made.edit(entry, ASKED, OTHER)
    assert (state.recipe.prompt, state.recipe.automatic, state.recipe.self_limit) == ("a blue cube", True, 1.0)
    assert state.finish == ASKED.finish


def test_an_edit_that_was_chosen_among_ways_is_taken_as_it_is(made: AreaInversion, entry: ModelEntry) -> None:
    chosen = EditState(EditRecipe("a green cube"), Finish())
    assert replace(made, state=chosen).edit(entry, ASKED, OTHER) == chosen
