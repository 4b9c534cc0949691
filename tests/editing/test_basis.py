"""What an edit is made on decides its windows and its guidance."""

from dataclasses import replace

import pytest

from nti_desktop.editing.basis import Basis, basis_of
from nti_desktop.models.library.catalog import ORDERS_DEFAULTS, STUDIO_DEFAULTS
from nti_desktop.project.schema import SettingsRecord
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import by_hand
from tests.sidecars import make_inversion

SOURCE, RECOLOURED, REPLACED = "a red cube", "a blue cube", "a red ring"


@pytest.fixture
def basis() -> Basis:
    settings = InversionSettings(SOURCE, Method.RESIDUAL, guidance_scale=STUDIO_DEFAULTS.guidance_scale)
    return Basis(settings, STUDIO_DEFAULTS)


def windows(recipe: EditRecipe) -> tuple[float, float]:
    return recipe.cross_until, recipe.self_until


def test_a_plain_edit_has_the_windows_of_its_kind_of_change_and_the_models_limit(basis: Basis) -> None:
    recoloured = basis.plain(RECOLOURED)
    assert windows(recoloured) == (1.0, 1.0)
    assert windows(basis.plain(REPLACED)) == (0.2, 0.1)
    assert (recoloured.automatic, recoloured.self_limit, recoloured.guidance_scale) == (True, 1.0, 1.25)


def test_what_the_description_explains_lowers_the_guidance(basis: Basis) -> None:
    guidance = replace(basis, explained=0.0).plain(RECOLOURED).guidance_scale
    assert guidance is not None
    assert 1 < guidance < 1.25


def test_another_sentence_settles_to_other_windows_unless_they_were_said_by_hand(basis: Basis) -> None:
    recipe = replace(basis.plain(RECOLOURED), prompt=REPLACED)
    assert windows(basis.settled(recipe)) == (0.2, 0.1)
    said = by_hand(recipe, 0.7, 0.6)
    assert basis.settled(said) == said
    assert windows(basis.automatic(said)) == (0.2, 0.1)


def test_the_basis_of_an_inversion_is_what_was_prepared_whether_its_model_is_there_or_not() -> None:
    kept = make_inversion("one", Method.RESIDUAL)
    measured = kept.model_copy(update={"figures": kept.figures.model_copy(update={"explained": 0.3})})
    assert basis_of(measured) == Basis(kept.settings.settings(), STUDIO_DEFAULTS, 0.3)
    elsewhere = kept.model_copy(update={"model": "/gone"})
    assert basis_of(elsewhere).defaults == EditDefaults()
    order = SettingsRecord.of(InversionSettings("", Method.INSTRUCT))
    assert basis_of(elsewhere.model_copy(update={"settings": order})).defaults == ORDERS_DEFAULTS
