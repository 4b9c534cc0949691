"""What words' weights and the strength do: how far each goes on the way to the truth, and how evenly.

Of a weight the truth is the scene with one attribute changed, so 1 is there and 0 at the photo; of a word that is kept
it is the scene without what the word says, so that 0 is there and 1 at the photo. Of a fog that is kept and turned up
the truth is as many times the fog.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nti_desktop.recipe.recipe import EditRecipe, with_weight
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.recipe.words import Change, align_words, find_words
from nti_desktop.studio.betweens import between
from nti_desktop.studio.scenes import Sky, Weather
from nti_desktop.studio.truth import projection, recovered, visible_difference
from tests.figures.answers import Answer
from tests.figures.editor import Editor
from tests.figures.trials import Trial, can_be_seen

WEIGHTS = (-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
STRENGTHS = tuple(round(0.1 * stop, 1) for stop in range(16))
DENSER = (1.5, 2.0)
FOG = "fog"
HALF = 0.5

FULL, PREVIEW = "", ", preview"
TAKEN_AWAY = ("weather", "film")  # kinds of which an edit may leave out all there is to say
BETWEEN = ("colour", "sky", "weather", "film")  # kinds with a way between some scenes, see has_a_way


def weights(editor: Editor, asked: Trial, settings: EditDefaults, kept: bool = False) -> Answer:
    """The projection at every stop, of all the words that the edit has changed, or of the kept ones that it would take
    away.
    """
    source, truth = editor.drawn(asked.scene), editor.drawn(asked.variant)
    recipes = _kept(asked) if kept else _changed(asked)
    if not recipes or not visible_difference(truth, source).any():
        return {}
    return {
        "projection" + speed: {
            f"{weight:g}": projection(editor.edit(asked, settings, steps=steps, recipe=recipe).image, source, truth)
            for weight, recipe in recipes.items()
        }
        for speed, steps in ((FULL, None), (PREVIEW, settings.preview_steps))
    }


def can_be_weighed(asked: Trial) -> bool:
    """Whether the edit has words of its own, which can be weighed."""
    return bool(_changed(asked))


def only_takes_away(asked: Trial) -> bool:
    """Whether the edit says nothing new, so that the source's words say it at weight 0."""
    return bool(_kept(asked))


def in_dense_fog(asked: Trial) -> bool:
    """Whether twice the fog would be seen."""
    dense = replace(asked, variant=replace(asked.scene, fog=DENSER[-1]))
    return asked.scene.weather is Weather.FOG and can_be_seen(dense)


def denser(editor: Editor, asked: Trial, settings: EditDefaults) -> Answer:
    """What the source's own sentence with more of its fog recovers of the scene in as many times the fog."""
    source, prompt = editor.drawn(asked.scene), asked.captions[0]
    recipes = _at_each_weight(prompt, [word.position for word in find_words(prompt, FOG)])
    return {
        "denser" + speed: {
            f"{weight:g}": recovered(
                editor.edit(asked, settings, steps=steps, recipe=recipes[weight]).image,
                source,
                editor.drawn(replace(asked.scene, fog=weight)),
            )
            for weight in DENSER
        }
        for speed, steps in ((FULL, None), (PREVIEW, settings.preview_steps))
    }


def _changed(asked: Trial) -> dict[float, EditRecipe]:
    """The edit with its changed words at each weight; none where it only removes words."""
    source, edit = asked.captions
    places = [
        pair.edit for pair in align_words(source, edit) if pair.edit is not None and pair.change is not Change.KEPT
    ]
    return _at_each_weight(edit, places) if places else {}


def _kept(asked: Trial) -> dict[float, EditRecipe]:
    """The source's own sentence with the words at each weight that the edit only removes."""
    source, edit = asked.captions
    pairs = align_words(source, edit)
    removed = [pair.source for pair in pairs if pair.source is not None and pair.change is Change.REMOVED]
    only = all(pair.change in (Change.KEPT, Change.REMOVED) for pair in pairs)
    return _at_each_weight(source, removed) if removed and only else {}


def _at_each_weight(prompt: str, places: Sequence[int]) -> dict[float, EditRecipe]:
    def weighted(weight: float) -> EditRecipe:
        recipe = EditRecipe(prompt, automatic=True)
        for place in places:
            recipe = with_weight(recipe, place, weight)
        return recipe

    return {weight: weighted(weight) for weight in WEIGHTS}


def has_a_way(asked: Trial) -> bool:
    """Whether the renderer can draw what lies between the two scenes."""
    one, other = asked.scene, asked.variant
    return (
        asked.kind == "colour"
        or asked.kind == "film"
        or {one.weather, other.weather} == {Weather.CLEAR, Weather.FOG}
        or {one.sky, other.sky} == {Sky.DAY, Sky.SUNSET}
    )


def strengths(editor: Editor, asked: Trial, settings: EditDefaults) -> Answer:
    """The distance from the photo at every stop, and what the half-way edit recovers of the half-way truth."""
    source = editor.drawn(asked.scene)
    middle = editor.model.decode(editor.model.encode(between(asked.scene, asked.variant, HALF)))
    prompt = asked.captions[1]
    answer: Answer = {}
    for speed, steps in ((FULL, None), (PREVIEW, settings.preview_steps)):
        pictures = {
            strength: editor.edit(
                asked, settings, steps=steps, recipe=EditRecipe(prompt, automatic=True, strength=strength)
            ).image
            for strength in STRENGTHS
        }
        away = {f"{s:g}": float(np.square(picture - source).mean() ** 0.5) for s, picture in pictures.items()}
        answer["distance" + speed] = dict(away)
        seen = visible_difference(middle, source).any()
        answer["half" + speed] = {"recovered": recovered(pictures[HALF], source, middle) if seen else None}
    return answer
