"""What the panels' controls do to a recipe."""

from collections.abc import Sequence
from dataclasses import replace

from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from nti_desktop.recipe.settings import EditDefaults, Method
from nti_desktop.recipe.words import Change, align_words, split_words

_LOOSER = 0.5  # of the present windows


def with_weight(recipe: EditRecipe, position: int, weight: float) -> EditRecipe:
    """The word at `position` counts `weight` times; a word at 1 with no window of its own leaves the recipe."""
    text = split_words(recipe.prompt)[position].text
    control = next((c for c in recipe.words if c.position == position), WordControl(position, text))
    control = replace(control, weight=round(weight, 2))
    others = tuple(c for c in recipe.words if c.position != position)
    if control == WordControl(position, text):
        return replace(recipe, words=others)
    return replace(recipe, words=tuple(sorted((*others, control), key=lambda c: c.position)))


def with_mask(
    recipe: EditRecipe, places: Sequence[WordRef], keeps: Sequence[WordRef], defaults: EditDefaults
) -> EditRecipe:
    """Confine the edit to `places` without `keeps`; no place, no mask. The threshold stays as it was."""
    if not places:
        return replace(recipe, blend=None)
    blend = recipe.blend or Blend(
        words=tuple(places), threshold=defaults.blend_threshold, positions=defaults.blend_positions
    )
    keeps = tuple(ref for ref in keeps if ref not in places)
    return replace(recipe, blend=replace(blend, words=tuple(places), keep=keeps))


def with_threshold(recipe: EditRecipe, threshold: float) -> EditRecipe:
    """A tighter or wider mask; without a mask the recipe as it is."""
    return recipe if recipe.blend is None else replace(recipe, blend=replace(recipe.blend, threshold=threshold))


def with_structure(recipe: EditRecipe, field: str, value: float) -> EditRecipe:
    """field: cross_until, self_until or guidance_scale."""
    value = round(value, 3)
    match field:
        case "cross_until":
            return replace(recipe, cross_until=value)
        case "self_until":
            return replace(recipe, self_until=value)
        case "guidance_scale":
            return replace(recipe, guidance_scale=value)
    raise AssertionError(field)


def with_usual_structure(recipe: EditRecipe, defaults: EditDefaults) -> EditRecipe:
    """The model's own windows and the guidance of the inversion."""
    return replace(recipe, cross_until=defaults.cross_until, self_until=defaults.self_until, guidance_scale=None)


def carried(recipe: EditRecipe, usual: EditDefaults, defaults: EditDefaults, method: Method) -> EditRecipe:
    """The same wish to another model: what was usual on the one before is what is usual on this one.

    usual, defaults: of the model before and of this one; method: the photo's preparation with this one.
    """
    blend = recipe.blend
    if blend is not None:
        threshold = defaults.blend_threshold if blend.threshold == usual.blend_threshold else blend.threshold
        blend = replace(blend, threshold=threshold, positions=defaults.blend_positions)
    return replace(
        recipe,
        cross_until=defaults.cross_until if recipe.cross_until == usual.cross_until else recipe.cross_until,
        self_until=defaults.self_until if recipe.self_until == usual.self_until else recipe.self_until,
        self_limit=defaults.self_limit,
        guidance_scale=None if method is Method.NULL_TEXT else recipe.guidance_scale,
        blend=blend,
    )


def loosened(recipe: EditRecipe) -> EditRecipe:
    """The photo's structure is held for half as long."""
    return replace(
        recipe,
        cross_until=round(recipe.cross_until * _LOOSER, 2),
        self_until=round(recipe.self_until * _LOOSER, 2),
        words=tuple(replace(c, cross_until=None) for c in recipe.words),
    )


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
