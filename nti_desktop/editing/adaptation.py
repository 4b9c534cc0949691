"""The same wish by another model, or by another method of the same one."""

from dataclasses import replace

from nti_desktop.editing.basis import Basis
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults


def adapted(recipe: EditRecipe, basis: Basis, before: EditDefaults | None = None) -> EditRecipe:
    """Make the edit that asks for the same on another basis.

    before: of the model that the recipe was made for, None where that is the model of the basis.
    """
    if before is not None:
        recipe = _by_model(recipe, before, basis.defaults)
    return basis.settled(_by_method(recipe, basis.settings.method))


def _by_model(recipe: EditRecipe, before: EditDefaults, defaults: EditDefaults) -> EditRecipe:
    """Put what is usual on this model in place of what was usual on the one before."""
    blend = recipe.blend
    if blend is not None:
        threshold = defaults.blend_threshold if blend.threshold == before.blend_threshold else blend.threshold
        blend = replace(blend, threshold=threshold, positions=defaults.blend_positions, pooled=defaults.blend_pooled)
    was_usual = (recipe.cross_until, recipe.self_until) == (before.cross_until, before.self_until)
    automatic = recipe.automatic or was_usual
    return replace(recipe, automatic=automatic, self_limit=defaults.self_limit, blend=blend)


def _by_method(recipe: EditRecipe, method: Method) -> EditRecipe:
    """Null embeddings hold for their own guidance only; an edit without a description needs another, and has no weights
    of words, which in turn has no likeness; only where a method knows where words look, a mask can be tied to them.
    """
    row = method.row
    if not row.described:
        return replace(recipe, automatic=True, words=(), blend=None, guidance_scale=None)
    return replace(
        recipe,
        blend=recipe.blend if row.looks else None,
        guidance_scale=None if row.one_guidance else recipe.guidance_scale,
        image_guidance=None,
    )
