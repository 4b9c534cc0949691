"""What the controls do to a recipe, undo, and how long things take: all without a window."""

from dataclasses import replace

import pytest

from nti_desktop.editing import edits
from nti_desktop.editing.estimates import Estimates, Pace
from nti_desktop.editing.history import EditState, History
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.emphasis import Emphasis
from nti_desktop.recipe.jobs import Figures, Measured
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import CROSS, GUIDANCE
from nti_desktop.recipe.recipe import (
    MOST_SEEDS,
    EditRecipe,
    Lot,
    Reweighting,
    Side,
    WordControl,
    WordRef,
    with_weight,
)
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

HERE = Speeds(Rates(single=0.01, double=0.02, learned=0.03))
BALL = WordRef(Side.EDIT, 2, "ball")


def test_a_weight_of_one_is_no_control() -> None:
    recipe = with_weight(EditRecipe("a blue ball"), 1, 2.0)
    assert recipe.words == (WordControl(1, "blue", 2.0),)
    assert with_weight(recipe, 1, 1.0) == EditRecipe("a blue ball")


def test_a_weight_keeps_the_words_own_window() -> None:
    recipe = EditRecipe("a blue ball", words=(WordControl(1, "blue", 2.0, 0.3),))
    assert with_weight(recipe, 1, 1.0).words == (WordControl(1, "blue", 1.0, 0.3),)


def test_a_mask_keeps_its_threshold_when_words_change_and_goes_with_the_last_word() -> None:
    defaults = EditDefaults(blend_positions=64, blend_threshold=0.4)
    fresh = edits.with_mask(EditRecipe("a blue ball"), [BALL], [], defaults)
    assert fresh.blend is not None
    assert fresh.blend.threshold == 0.4
    recipe = edits.with_threshold(fresh, 0.6)
    more = edits.with_mask(recipe, [BALL, WordRef(Side.EDIT, 1, "blue")], [BALL], defaults)
    assert more.blend is not None
    assert (more.blend.threshold, more.blend.positions, more.blend.keep) == (0.6, 64, ())
    assert edits.with_mask(more, [], [BALL], defaults).blend is None


def test_loosening_halves_what_holds_the_structure() -> None:
    recipe = edits.loosened(EditRecipe("a ball", cross_until=0.4, self_until=0.2))
    assert (recipe.cross_until, recipe.self_until) == (0.2, 0.1)


def test_typed_emphasis_sets_the_weights_of_its_words() -> None:
    recipe = EditRecipe("a blue ball", words=(WordControl(1, "blue", 2.0, 0.3),))
    emphasis = Emphasis("a blue ball", ((1, 1.5), (2, 0.8)))
    assert edits.with_emphasis(recipe, emphasis).words == (
        WordControl(1, "blue", 1.5, 0.3),
        WordControl(2, "ball", 0.8),
    )


def test_what_is_moved_by_hand_is_no_longer_automatic_until_it_is_asked_for() -> None:
    recipe = EditRecipe("a ball", automatic=True, cross_until=1.0, self_until=1.0)
    changed = {
        "layout": edits.with_number(recipe, CROSS, 0.5),
        "guidance": edits.with_number(recipe, GUIDANCE, 3.0),
        "follow": edits.following(recipe, 0.3),
        "box": edits.with_automatic(recipe, False),
        "loosened": edits.loosened(recipe),
    }
    assert {name: (r.automatic, r.cross_until, r.self_until, r.guidance_scale) for name, r in changed.items()} == {
        "layout": (False, 0.5, 1.0, None),
        "guidance": (False, 1.0, 1.0, 3.0),
        "follow": (False, 0.3, 0.3, None),
        "box": (False, 1.0, 1.0, None),
        "loosened": (False, 0.5, 0.5, None),
    }
    assert all(edits.with_automatic(r, True).automatic for r in changed.values())


def state(weight: float) -> EditState:
    return EditState(with_weight(EditRecipe("a ball"), 1, weight), Finish())


def test_a_drag_is_one_step_of_undo_and_a_new_change_ends_redo() -> None:
    history = History(state(1))
    for step in range(1, 6):
        history = history.changed(state(1 + step / 10), "weight 1", time=step / 10)
    history = history.changed(state(3), "weight 0", time=0.6)
    assert len(history.past) == 2
    history = history.undone()
    assert history.present == state(1.5)
    assert history.undone().present == state(1)
    assert history.undone().undone().present == state(1)
    assert history.redone().present == state(3)
    assert history.changed(state(2), "weight 1", time=9.0).future == ()


def test_one_drag_is_one_step_whatever_its_pauses_and_the_next_one_is_another() -> None:
    history = History(state(1))
    for time, weight, drag in ((0, 2, 1), (60, 3, 1), (600, 4, 1), (600.1, 5, 2), (600.2, 6, 2), (600.3, 7, None)):
        history = history.changed(state(weight), "weight", time, drag)
    assert [*history.past, history.present] == [state(n) for n in (1, 4, 6, 7)]


def test_estimates_start_from_the_measured_row_and_end_with_what_was_measured() -> None:
    estimates = Estimates()
    assert estimates.preparing(Method.RESIDUAL, 50) is None
    estimates = estimates.with_measured(Measured(30.0, HERE, "here"))
    slow = estimates.preparing(Method.NULL_TEXT, 50)
    quick = estimates.preparing(Method.RESIDUAL, 50)
    assert slow is not None
    assert quick is not None
    assert slow > 3 * quick > 0
    settings = InversionSettings("a ball", Method.RESIDUAL, 10, 2.0)
    estimates = estimates.with_prepared(settings, Figures(5.0, 70))
    again = estimates.preparing(Method.RESIDUAL, 10)
    assert again == pytest.approx(5.0)
    assert estimates.with_rendered(Figures(2.0, 20)).rendering(Method.RESIDUAL, 50) == pytest.approx(5.0)


def test_a_preview_tells_how_long_the_full_render_takes_and_a_slow_moment_is_forgotten() -> None:
    estimates = Estimates(measured=Measured(30.0, HERE, "here"))
    residual = Method.RESIDUAL
    assert estimates.pace(residual, 50) is Pace.PREVIEWED
    slow = estimates.with_rendered(Figures(60.0, 100))  # the machine did something else
    assert slow.rendering(residual, 50) == pytest.approx(30.0)
    assert slow.pace(residual, 50) is Pace.BY_HAND
    again = slow.with_rendered(Figures(0.2, 10))
    assert again.rendering(residual, 50) == pytest.approx(1.0)
    assert again.pace(residual, 50) is Pace.PREVIEWED
    assert again.with_rendered(Figures(0.01, 15)).pace(residual, 50) is Pace.AT_ONCE
    assert again.with_rendered(Figures(0.3, 0)) == again  # nothing was computed


def test_what_is_not_measured_yet_is_tried() -> None:
    assert Estimates().pace(Method.RESIDUAL, 50) is Pace.AT_ONCE


def test_forward_and_backward_are_told_apart() -> None:
    estimates = Estimates(Measured(30.0, Speeds(Rates(single=1.0, double=1.5, learned=6.0, drawing=2.0)), "here"))
    around = 3 * 2.0 + 1.5  # three pictures are drawn, and the description is asked about
    assert estimates.preparing(Method.NULL_TEXT, 50) == pytest.approx(50 * (1 + 2 + 10 * 6.0) + around)
    assert estimates.preparing(Method.PINNED, 50) == pytest.approx(50 * (1 + 1.5) + around)
    assert estimates.preparing(Method.EMBEDDING, 10) == pytest.approx(240 * 6.0 + 10 * 2.5 + around)
    assert estimates.preparing(Method.INSTRUCT, 50) == 0
    assert estimates.rendering(Method.PINNED, 50) == pytest.approx(50 * 1.5)
    assert estimates.rendering(Method.RESIDUAL, 50) == pytest.approx(25 * 1.5)  # which stands on no more levels


def test_a_method_that_took_longer_than_its_calls_tell_is_told_so_the_next_time() -> None:
    estimates = Estimates(Measured(30.0, HERE, "here"))
    before = estimates.preparing(Method.NULL_TEXT, 20)
    assert before is not None
    settings = InversionSettings("a ball", Method.NULL_TEXT, 20, 2.0)
    after = estimates.with_prepared(settings, Figures(before / 4, 70))  # which left many steps early
    assert after.preparing(Method.NULL_TEXT, 20) == pytest.approx(before / 4)
    assert after.preparing(Method.PINNED, 20) == estimates.preparing(Method.PINNED, 20)
    assert sum(phase.seconds for phase in after.phases(Method.NULL_TEXT, 20)) == pytest.approx(before / 4)


def test_another_try_is_the_next_seed_and_after_the_last_comes_the_first() -> None:
    assert edits.with_next_seed(EditRecipe("a ball", seed=5)).seed == 6
    assert edits.with_next_seed(EditRecipe("a ball", seed=MOST_SEEDS - 1)).seed == 0


def test_each_choice_of_the_panels_changes_its_own_field_alone() -> None:
    recipe = EditRecipe("a ball", automatic=False, cross_until=0.3, self_until=0.6)
    other = next(lot for lot in Lot if lot is not recipe.lot)
    assert edits.with_lot(recipe, other) == replace(recipe, lot=other)
    otherwise = next(each for each in Reweighting if each is not recipe.reweighting)
    assert edits.with_reweighting(recipe, otherwise) == replace(recipe, reweighting=otherwise)
    assert edits.with_usual_structure(recipe) == replace(recipe, automatic=True)
    assert edits.with_threshold(recipe, 0.5) == recipe, "which has no mask"


def test_a_mask_can_be_tied_to_the_words_of_the_edit_and_to_those_it_removed() -> None:
    found = edits.mask_words("a red ball, on old wood", "a blue ball, on wood")
    assert [(label, ref.side, ref.text) for label, ref in found] == [
        ("a", Side.EDIT, "a"),
        ("red → blue", Side.EDIT, "blue"),
        ("ball", Side.EDIT, "ball"),
        ("on", Side.EDIT, "on"),
        ("old", Side.SOURCE, "old"),
        ("wood", Side.EDIT, "wood"),
    ]
    assert [ref.position for _, ref in found] == [0, 1, 2, 4, 5, 5], "in their own sentences"
    assert edits.mask_words("a ball", "a blue ball")[1] == ("blue", WordRef(Side.EDIT, 1, "blue"))
