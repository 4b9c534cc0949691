"""Changes that the panels' controls make to a recipe."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nti_desktop.recipe.emphasis import Emphasis
from nti_desktop.recipe.parameters import Parameter
from nti_desktop.recipe.recipe import MOST_SEEDS, EditRecipe, Lot, Reweighting, Side, WordRef, with_weight
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.recipe.structure import by_hand
from nti_desktop.recipe.words import Change, align_words, split_words

_LOOSER = 0.5  # of the present windows


def with_mask(
    recipe: EditRecipe, places: Sequence[WordRef], keeps: Sequence[WordRef], defaults: EditDefaults
) -> EditRecipe:
    """Confine the edit to `places` without `keeps`; no place, no mask. The threshold stays as it was."""
    if not places:
        return replace(recipe, blend=None)
    blend = recipe.blend or defaults.blend(tuple(places))
    keeps = tuple(ref for ref in keeps if ref not in places)
    return replace(recipe, blend=replace(blend, words=tuple(places), keep=keeps))


def with_threshold(recipe: EditRecipe, threshold: float) -> EditRecipe:
    """A tighter or wider mask; without a mask the recipe as it is."""
    return recipe if recipe.blend is None else replace(recipe, blend=replace(recipe.blend, threshold=threshold))


def with_emphasis(recipe: EditRecipe, emphasis: Emphasis) -> EditRecipe:
    """Let the words of the sentence count as it was typed."""
    for position, weight in emphasis.weights:
        recipe = with_weight(recipe, position, weight)
    return recipe


def with_number(recipe: EditRecipe, parameter: Parameter, value: float) -> EditRecipe:
    """Set a parameter that the recipe has a field for; an advanced one says by hand what follows the kind of change."""
    if parameter.advanced:
        recipe = by_hand(recipe, recipe.cross_until, recipe.self_until)
    number: dict[str, Any] = {parameter.field: round(value, 3)}
    return replace(recipe, **number)


def with_next_seed(recipe: EditRecipe) -> EditRecipe:
    """Another try, where the method draws by lot."""
    return replace(recipe, seed=(recipe.seed + 1) % MOST_SEEDS)


def with_lot(recipe: EditRecipe, lot: Lot) -> EditRecipe:
    """Draw the photo anew from other noise."""
    return replace(recipe, lot=lot)


def with_reweighting(recipe: EditRecipe, reweighting: Reweighting) -> EditRecipe:
    """Let the words' weights act otherwise."""
    return replace(recipe, reweighting=reweighting)


def with_automatic(recipe: EditRecipe, on: bool) -> EditRecipe:
    """Windows by the kind of change, or those that hold now, by hand from now on."""
    return replace(recipe, automatic=True) if on else by_hand(recipe, recipe.cross_until, recipe.self_until)


def with_usual_structure(recipe: EditRecipe) -> EditRecipe:
    """Windows and guidance by the kind of change."""
    return replace(recipe, automatic=True)


def following(recipe: EditRecipe, share: float) -> EditRecipe:
    """Both windows said by hand as one: 1 as the photo, 0 free."""
    return by_hand(recipe, share, share)


def loosened(recipe: EditRecipe) -> EditRecipe:
    """The photo's structure is held for half as long."""
    return by_hand(recipe, recipe.cross_until * _LOOSER, recipe.self_until * _LOOSER)


def mask_words(source: str, edit: str) -> tuple[tuple[str, WordRef], ...]:
    """(label, word) of everything a mask can be tied to: the words of the edit, and those it removed."""
    before, after = split_words(source), split_words(edit)
    found: list[tuple[str, WordRef]] = []
    for pair in align_words(source, edit):
        if pair.edit is not None:
            word = after[pair.edit]
            swapped = pair.change is Change.SWAPPED and pair.source is not None
            label = f"{before[pair.source].text} → {word.text}" if swapped and pair.source is not None else word.text
            ref = WordRef(Side.EDIT, word.position, word.text)
        else:
            assert pair.source is not None
            word = before[pair.source]
            label, ref = word.text, WordRef(Side.SOURCE, word.position, word.text)
        if not word.is_punctuation:
            found.append((label, ref))
    return tuple(found)
