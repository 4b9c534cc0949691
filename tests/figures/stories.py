"""Stories on scenes with known answers: whether the thing stays the same thing from frame to frame."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from nti_desktop.editing.basis import Basis
from nti_desktop.editing.series import edits_of, sentences
from nti_desktop.recipe.jobs import InvertJob, RenderJob
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.studio.captions import Wording, caption
from nti_desktop.studio.scenes import Colour, Film, Ground, Material, Scene, Sky, Weather, draw_scene
from nti_desktop.studio.truth import nearest, recovered
from nti_desktop.studio.variants import with_first
from tests.figures.answers import Answer
from tests.figures.editor import Editor, Pixels
from tests.figures.tables import mean_of, values
from tests.figures.trials import STORIES

STORY = "as a story"  # sentences that leave the thing's words out
SINGLE = "as single edits"  # sentences that say all, each by itself
FRAMES = ("sky", "ground", "weather", "ground and sky")
_NAMES = ("same", "colour", "material", "recovered")


def story_seeds(count: int) -> list[int]:
    """Seeds of held-out scenes of the first world in colour, with one thing."""
    scenes = ((seed, draw_scene(seed)) for seed in itertools.count(STORIES))
    fit = (seed for seed, scene in scenes if len(scene.things) == 1 and scene.film is Film.COLOUR)
    return list(itertools.islice(fit, count))


def frames_of(scene: Scene, seed: int) -> Mapping[str, Scene]:
    """The same thing in other surroundings, by what changes."""
    rng = random.Random(f"story {seed}")
    ground = rng.choice([each for each in Ground if each is not scene.ground])
    sky = rng.choice([each for each in Sky if each is not scene.sky])
    weather = rng.choice([each for each in Weather if each is not scene.weather])
    found = (
        replace(scene, sky=sky),
        replace(scene, ground=ground),
        replace(scene, weather=weather),
        replace(scene, ground=ground, sky=sky),
    )
    return dict(zip(FRAMES, found, strict=True))


def told(editor: Editor, seed: int, settings: EditDefaults) -> Answer:
    """The figures of both ways, by way and frame: whether colour and material are seen to be the photo's, each and both
    (same), and what is recovered of the change.
    """
    scene = editor.world.draw(seed)
    description, frames = caption(scene), frames_of(scene, seed)
    how = InversionSettings(description, settings.method, settings.steps, settings.guidance_of(settings.method))
    inverted = editor.service.invert(InvertJob(editor.files, editor.picture(scene).image, how))
    basis = Basis(how, settings, inverted.figures.explained)

    def picture(recipe: EditRecipe) -> Pixels:
        job = RenderJob(editor.files, f"story {seed} {how}", how, inverted.arrays, recipe)
        return editor.service.render(job).image

    full = sentences([caption(frame) for frame in frames.values()])
    short = sentences([caption(frame, Wording(colours=False, materials=False)) for frame in frames.values()])
    usual = EditDefaults()
    ways = {
        STORY: edits_of(short, description, description, basis, usual, story=True),
        SINGLE: edits_of(full, description, description, basis, usual, story=False),
    }
    return {
        f"{way}: {name}": _figures(editor, scene, frame, picture(state.recipe))
        for way, states in ways.items()
        for (name, frame), state in zip(frames.items(), states, strict=True)
    }


def _figures(editor: Editor, scene: Scene, frame: Scene, picture: Pixels) -> dict[str, float | None]:
    thing, region = scene.things[0], editor.picture(frame).objects == 1
    seen: dict[str, float | None] = {}
    for name, right, options in (
        ("colour", thing.colour, tuple(Colour)),
        ("material", thing.material, tuple(Material)),
    ):
        truths = [editor.drawn(with_first(frame, partial(replace, **{name: option}))) for option in options]
        seen[name] = float(options[nearest(picture, truths, region)] is right)
    same = float(seen["colour"] == seen["material"] == 1.0)
    return {"same": same, **seen, "recovered": recovered(picture, editor.drawn(scene), editor.drawn(frame))}


def story_table(answers: Sequence[Answer]) -> str:
    """The means of every way and frame, with the interval of those that stay the same."""
    lines = [f"{'':36}" + "".join(f"{name:>11}" for name in _NAMES)]
    for way in (STORY, SINGLE):
        for frame in (*FRAMES, "all"):
            rows = [f"{way}: {each}" for each in (FRAMES if frame == "all" else (frame,))]
            means = {name: mean_of([v for row in rows for v in values(answers, row, name)]) for name in _NAMES}
            cells = "".join(f"{means[name].mean:>11.3f}" for name in _NAMES)
            same = means["same"]
            lines.append(f"{way + ', ' + frame:36}{cells}   same: {same.low:.2f} to {same.high:.2f}")
    return "\n".join(lines)
