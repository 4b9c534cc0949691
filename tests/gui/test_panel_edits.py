"""What is done to the panels in the window is in the open edit's recipe at once, whichever widget it was."""

from collections.abc import Callable

import pytest

from nti_desktop.editing.history import EditState
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.recipe.recipe import EditRecipe, Reweighting

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def edited(prepared: MainWindow, until: Until, sample_edit: str) -> MainWindow:
    prepared.editor.say_in_words(sample_edit)
    until(lambda: prepared.editor.pictures.final)
    return prepared


def state_of(window: MainWindow) -> EditState:
    assert window.editor.document is not None
    state = window.editor.document.state
    assert state is not None
    return state


def recipe_of(window: MainWindow) -> EditRecipe:
    return state_of(window).recipe


def test_every_slider_moves_the_number_that_it_is_named_for(edited: MainWindow) -> None:
    words, structure, mask = (getattr(edited.editor_view, f"{name}_panel") for name in ("words", "structure", "mask"))
    words.strength.slide_to(0.5)
    assert recipe_of(edited).strength == 0.5
    words.sliders[1].slide_to(2.0)
    assert [(c.position, c.weight) for c in recipe_of(edited).weighted] == [(words.sliders[1].key, 2.0)]
    structure.follow.slide_to(0.25)
    assert (recipe_of(edited).cross_until, recipe_of(edited).self_until) == (0.25, 0.25)
    for field, slider in structure.sliders.items():
        if slider.isVisibleTo(structure._more):
            slider.slide_to(slider.value + slider._step)
            assert getattr(recipe_of(edited), field) == pytest.approx(slider.value)
    mask.feather.slide_to(0.1)
    assert state_of(edited).finish.feather == pytest.approx(0.1)
    mask.places.buttons[-1].click()
    mask.threshold.slide_to(0.7)
    blend = recipe_of(edited).blend
    assert blend is not None
    assert blend.threshold == pytest.approx(0.7)


def test_what_is_ticked_and_chosen_is_in_the_recipe(edited: MainWindow) -> None:
    structure = edited.editor_view.structure_panel
    assert recipe_of(edited).automatic
    structure.automatic.click()
    assert not recipe_of(edited).automatic
    attention = structure.reweighting.findData(Reweighting.ATTENTION)
    structure.reweighting.activated.emit(attention)
    assert recipe_of(edited).reweighting is Reweighting.ATTENTION
    mask = edited.editor_view.mask_panel
    mask.keeps.buttons[-1].click()
    assert recipe_of(edited).blend is None, "a word to keep waits for a first one to change"
    assert mask.coverage.text() == "Choose at least one word above for the change."
    mask.places.buttons[-2].click()
    blend = recipe_of(edited).blend
    assert blend is not None
    assert (len(blend.words), len(blend.keep)) == (1, 1)


def test_the_panels_buttons_lead_to_the_models(prepared: MainWindow) -> None:
    assert not prepared.models.page.isVisible()
    prepared.editor_view.model_panel.more_button.click()
    assert prepared.models.page.isVisible()
