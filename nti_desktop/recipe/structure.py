"""How closely an edit follows the photo: by the kinds of what it changes, unless it is said by hand."""

from dataclasses import replace
from functools import reduce

from nti_desktop.recipe.kinds import Kind, changed_kinds
from nti_desktop.recipe.recipe import EditRecipe, WordControl
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Windows
from nti_desktop.recipe.words import split_words


def recipe_for(
    prompt: str, prepared: InversionSettings, defaults: EditDefaults, explained: float | None = None
) -> EditRecipe:
    """The plain edit of a photo: windows and guidance by the kind of change, no weights, no mask. See `settled`."""
    return settled(EditRecipe(prompt, automatic=True, self_limit=defaults.self_limit), prepared, defaults, explained)


def settled(
    recipe: EditRecipe, prepared: InversionSettings, defaults: EditDefaults, explained: float | None = None
) -> EditRecipe:
    """The recipe with the windows and the guidance that its change does best with; as it is where they were said by
    hand. prepared: what the photo is prepared with; defaults: of the model that draws the edit; explained: see Figures.

    Changes of several kinds each have their own word window; what is kept follows the freest of them. A thing that
    changes its form needs room, whatever else is said of it.
    """
    if not recipe.automatic:
        return recipe
    changes = changed_kinds(prepared.prompt, recipe.prompt, [control.position for control in recipe.weighted])
    kinds = [kind for _, kind in changes] or [Kind.OTHER]
    held = reduce(Windows.freer, (defaults.windows_for(kind) for kind in kinds))
    own = {
        position: window.cross
        for position, kind in changes
        if position is not None and (window := defaults.windows_for(kind)).cross != held.cross
    }
    weights = {control.position: control.weight for control in recipe.weighted}
    words = split_words(recipe.prompt)
    controls = [WordControl(at, words[at].text, weights.get(at, 1.0), own.get(at)) for at in sorted({*own, *weights})]
    return replace(
        recipe,
        words=tuple(controls),
        cross_until=held.cross,
        self_until=held.itself,
        guidance_scale=defaults.guidance_for(kinds, prepared, explained),
    )


def by_hand(recipe: EditRecipe, cross_until: float, self_until: float) -> EditRecipe:
    """The same edit with windows of one's own, the same for all words."""
    words = tuple(replace(control, cross_until=None) for control in recipe.weighted)
    return replace(
        recipe, automatic=False, words=words, cross_until=round(cross_until, 3), self_until=round(self_until, 3)
    )
