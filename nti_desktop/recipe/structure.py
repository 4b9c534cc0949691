"""How closely an edit follows the photo: by the kinds of what it changes, unless it is said by hand."""

from dataclasses import replace
from functools import reduce

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.kinds import Kind, changed_kinds, kinds_in
from nti_desktop.recipe.outlines import Outline
from nti_desktop.recipe.parameters import IMAGE_GUIDANCE, REDRAWN, STRENGTH, WEIGHT
from nti_desktop.recipe.recipe import EditRecipe, Lot, WordControl
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Windows
from nti_desktop.recipe.words import Change, align_words, split_words

EMPTY = "The edit is empty; say in words what the photo should show."
PASTED = Windows(cross=0.4, itself=0.8)  # of a thing that is laid into the photo, see `engine.methods.reference`
PASTED_GUIDANCE = 4.0
_FORMS = frozenset({Kind.THING, Kind.OTHER})  # what changes the form of what is seen, or may
_OF_THINGS = _FORMS | {Kind.COLOUR, Kind.MATERIAL}


def recipe_for(
    prompt: str,
    prepared: InversionSettings,
    defaults: EditDefaults,
    explained: float | None = None,
    within: tuple[Outline, ...] = (),
) -> EditRecipe:
    """The plain edit of a photo: windows and guidance by the kind of change, no weights, no mask but what is drawn. See
    `settled`.
    """
    recipe = EditRecipe(prompt, automatic=True, self_limit=defaults.self_limit, within=within)
    return settled(recipe, prepared, defaults, explained)


def settled(
    recipe: EditRecipe, prepared: InversionSettings, defaults: EditDefaults, explained: float | None = None
) -> EditRecipe:
    """The recipe with the windows and the guidance that its change does best with; as it is where they were said by
    hand. prepared: what the photo is prepared with; defaults: of the model that draws the edit; explained: see Figures.

    Changes of several kinds each have their own word window; what is kept follows the freest of them. A thing that
    changes its form needs room, whatever else is said of it. Raises RecipeError for an edit that says nothing, unless
    the method draws the surroundings then.
    """
    if not recipe.prompt.strip() and not prepared.method.row.fills:
        raise RecipeError(EMPTY)
    if recipe.image_prompt is not None and prepared.method.row.lays:
        recipe = replace(recipe, blend=None)  # what is marked says where
    if not recipe.automatic:
        return recipe
    recipe = replace(recipe, redrawn=REDRAWN.usual)
    if prepared.method.row.sees is Sees.PHOTO:
        likeness = None if defaults.image_guidance == IMAGE_GUIDANCE.usual else defaults.image_guidance
        guidance = defaults.guidance_of_order(recipe.prompt, prepared)
        return replace(recipe, guidance_scale=guidance, image_guidance=likeness)
    if not prepared.method.row.looks:
        return replace(recipe, guidance_scale=None, noise=None)
    if recipe.image_prompt is not None and prepared.method.row.lays:
        return replace(by_hand(recipe, PASTED.cross, PASTED.itself), automatic=True, guidance_scale=PASTED_GUIDANCE)
    weights = {control.position: control.weight for control in recipe.weighted}
    changed = {position for position, _ in changed_kinds(prepared.prompt, recipe.prompt)}
    changes = [
        (
            position,
            kind,
            defaults.windows_for(kind, None if position is None or position in changed else weights[position]),
        )
        for position, kind in changed_kinds(prepared.prompt, recipe.prompt, weights)
    ]
    kinds = [kind for _, kind, _ in changes] or [Kind.OTHER]
    held = reduce(Windows.freer, [windows for _, _, windows in changes] or [defaults.windows_for(Kind.OTHER)])
    own = {p: windows.cross for p, _, windows in changes if p is not None and windows.cross != held.cross}
    words = split_words(recipe.prompt)
    controls = [
        WordControl(at, words[at].text, weights.get(at, WEIGHT.usual), own.get(at)) for at in sorted({*own, *weights})
    ]
    becomes_another = any(kind is Kind.THING and (at is None or at in changed) for at, kind, _ in changes)
    again = becomes_another and REDRAWN.field in prepared.method.row.numbers
    return replace(
        recipe,
        words=tuple(controls),
        cross_until=held.cross,
        self_until=held.itself,
        redrawn=defaults.redrawn if again else recipe.redrawn,
        guidance_scale=defaults.guidance_for(kinds, prepared, explained),
    )


def holding_things(recipe: EditRecipe, source: str, defaults: EditDefaults) -> EditRecipe:
    """Hold what an edit keeps of the photo's things as a frame of a story does best: where their words look, and the
    shapes. From then on the windows are said by hand.

    The recipe is as it was where nobody measured that on the model, where its windows were said by hand, and where a
    thing becomes another, which needs room. source: what the photo shows.
    """
    held = defaults.story
    changes = changed_kinds(source, recipe.prompt)
    if held is None or not recipe.automatic or any(kind in _FORMS for _, kind in changes):
        return recipe
    words, kinds = split_words(recipe.prompt), kinds_in(recipe.prompt)
    controls = {control.position: control for control in recipe.words}
    for pair in align_words(source, recipe.prompt):
        if pair.change is Change.KEPT and pair.edit is not None and kinds[pair.edit] in _OF_THINGS:
            control = controls.get(pair.edit, WordControl(pair.edit, words[pair.edit].text))
            controls[pair.edit] = replace(control, cross_until=held.cross)
    return replace(
        recipe,
        automatic=False,
        words=tuple(controls[at] for at in sorted(controls)),
        self_until=max(recipe.self_until, held.itself),
    )


def fades(prepared: InversionSettings, recipe: EditRecipe) -> bool:
    """Tell whether an edit at less than its whole strength is drawn by mixing the photo with the whole edit.

    prepared: what the photo is prepared with. Where things keep their form, nobody can tell the mixture from the edit's
    own way. A thing that becomes another would be seen twice, so there words are mixed instead, see
    `engine.sampling.weighting`; so are those of an order, and those of more than the whole edit. A thing that is laid
    into the photo fades as a layer does, and so does what is drawn anew without holding the photo: the photo's own
    words would not lead back to it.
    """
    row = prepared.method.row
    if not 0 < recipe.strength < STRENGTH.usual:
        return recipe.strength == 0
    if recipe.image_prompt is not None or row.finds or row.lot_of(recipe) not in (None, Lot.HELD):
        return True
    if not row.described:
        return False
    changes = changed_kinds(prepared.prompt, recipe.prompt, [control.position for control in recipe.weighted])
    return not any(kind in _FORMS for _, kind in changes)


def as_drawn(prepared: InversionSettings, recipe: EditRecipe) -> EditRecipe:
    """The edit that is drawn for this one: the whole of one that fades, and one everywhere where marks only say what of
    it is shown. Edits that are drawn alike take their drawing once.
    """
    marks_draw = prepared.method.row.fills or recipe.image_prompt is not None
    return replace(
        recipe,
        strength=STRENGTH.usual if fades(prepared, recipe) else recipe.strength,
        within=recipe.within if marks_draw else (),
    )


def by_hand(recipe: EditRecipe, cross_until: float, self_until: float) -> EditRecipe:
    """The same edit with windows of one's own, the same for all words."""
    words = tuple(replace(control, cross_until=None) for control in recipe.weighted)
    return replace(
        recipe, automatic=False, words=words, cross_until=round(cross_until, 3), self_until=round(self_until, 3)
    )
