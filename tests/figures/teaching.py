"""Words that the built-in model is taught: a thing that its own words cannot say, put into scenes that it never saw.

Four renders of the thing are taught; then a photo of another thing is edited by the word. The right answer is the same
scene with the thing in it. The verdict is by analysis through synthesis: of the scene with every value that the model
knows, and with the new one, which is nearest to the edit where the right answer differs from the photo.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.recipe.jobs import Addition, InvertJob, ModelFiles, RenderJob
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.recipe.teaching import Example, Taught, TeachJob
from nti_desktop.studio.captions import Wording, caption
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import LEARNED_SHAPES, Colour, Film, Material, Scene, Shape, Thing, Weather, draw
from nti_desktop.studio.surfaces import COLOURS
from nti_desktop.studio.truth import nearest, recovered, visible_difference
from tests.figures.answers import Answer
from tests.figures.editor import Pixels
from tests.figures.tables import mean_of, values

WORD, KIND = "my_thing", "mug"
OLIVE = (0.30, 0.26, 0.02)  # linear RGB, as the palette of surfaces; none of the model's words says it
VIEWS = range(91_001, 91_005)  # seeds of the four photos
SCENES = 92_000  # where the seeds of those that are edited begin


@dataclass(frozen=True)
class Lesson:
    """What is taught. before: how a thing of a scene looks before the edit; after: the thing that is taught; known:
    what the model may take it for.
    """

    before: Callable[[Thing], Thing]
    after: Callable[[Thing], Thing]
    known: Callable[[Thing], Sequence[Thing]]


def _matte(thing: Thing, shape: Shape, colour: Colour) -> Thing:
    return replace(thing, shape=shape, colour=colour, material=Material.MATTE)


# The olive mug is drawn as a red one with another red.
LESSONS = {
    "colour": Lesson(
        before=lambda thing: _matte(thing, Shape.MUG, Colour.BLUE),
        after=lambda thing: _matte(thing, Shape.MUG, Colour.RED),
        known=lambda thing: [_matte(thing, Shape.MUG, colour) for colour in Colour],
    ),
    "shape": Lesson(
        before=lambda thing: _matte(thing, thing.shape, Colour.YELLOW),
        after=lambda thing: _matte(thing, Shape.TEAPOT, Colour.YELLOW),
        known=lambda thing: [_matte(thing, shape, Colour.YELLOW) for shape in LEARNED_SHAPES],
    ),
}


@contextmanager
def _olive() -> Iterator[None]:
    red = COLOURS[Colour.RED]
    COLOURS[Colour.RED] = OLIVE
    try:
        yield
    finally:
        COLOURS[Colour.RED] = red


def one_thing(seed: int) -> Scene:
    """A scene with one thing and nothing that hides its colour."""
    rng = random.Random(seed)
    while True:
        scene = draw(rng)
        if len(scene.things) == 1 and scene.film is Film.COLOUR and scene.weather is Weather.CLEAR:
            return scene


def _with(scene: Scene, make: Callable[[Thing], Thing]) -> Scene:
    return replace(scene, things=(make(scene.things[0]),))


def _new_picture(scene: Scene, lesson: Lesson) -> NDArray[np.uint8]:
    with _olive():
        return training_picture(_with(scene, lesson.after)).image


def _told(scene: Scene) -> str:
    """The scene's caption with the word in place of its thing."""
    thing = scene.things[0]
    said = caption(scene, Wording(materials=False))
    article = "an" if thing.colour.startswith("o") else "a"
    return said.replace(f"{article} {thing.colour} {thing.shape}", WORD)


def teach(files: ModelFiles, what: str, described: bool) -> Taught:
    """Teach one of LESSONS. described: whether the sentences say where the thing is, or its name alone."""
    scenes = [one_thing(seed) for seed in VIEWS]
    examples = tuple(
        Example(_new_picture(scene, LESSONS[what]), _told(scene) if described else f"a photo of {WORD}")
        for scene in scenes
    )
    return EngineService().teach(TeachJob(files, WORD, KIND, examples, {}, lambda _: None))


def given(files: ModelFiles, taught: Taught, folder: Path) -> ModelFiles:
    """The model with the word, which is written into a folder."""
    file = folder / f"{WORD}.safetensors"
    save_file({WORD: taught.vectors[0]}, file)
    return replace(files, additions=(Addition(file, WORD),))


class Examiner:
    """Edits scenes by the word, and judges what comes of it."""

    def __init__(self, files: ModelFiles, what: str) -> None:
        self._files, self._lesson, self._service = files, LESSONS[what], EngineService()

    def answer(self, seed: int) -> Answer:
        """The figures of one scene, from SCENES on."""
        lesson, scene = self._lesson, _with(one_thing(seed), self._lesson.before)
        picture = self.edited(scene, _told(scene))
        source = self._drawn(training_picture(scene).image)
        truth = self._drawn(_new_picture(scene, lesson))
        others = [training_picture(_with(scene, lambda _, k=known: k)).image for known in lesson.known(scene.things[0])]
        region = visible_difference(truth, source)
        verdict = nearest(picture, [truth, *map(self._drawn, others)], region) == 0
        return {WORD: {"verdict": float(verdict), "recovered": recovered(picture, source, truth)}}

    def edited(self, scene: Scene, wish: str) -> Pixels:
        """The picture of a scene, edited by a sentence."""
        said, best = caption(scene, Wording(materials=False)), STUDIO_DEFAULTS
        settings = InversionSettings(said, best.method, best.steps, best.guidance_scale)
        made = self._service.invert(InvertJob(self._files, training_picture(scene).image, settings))
        recipe = recipe_for(wish, settings, best)
        return self._service.render(
            RenderJob(self._files, f"{scene.noise} {said}", settings, made.arrays, recipe)
        ).image

    def _drawn(self, image: NDArray[np.uint8]) -> Pixels:
        model = self._service._model
        assert model is not None
        return model.decode(model.encode(image))


def measure_lessons(files: ModelFiles, scenes: int) -> dict[str, dict[str, object]]:
    """Teach each of LESSONS, described or by its name alone, and edit so many scenes by it."""
    found: dict[str, dict[str, object]] = {}
    for what in LESSONS:
        for described in (True, False):
            with TemporaryDirectory() as folder:
                taught = teach(files, what, described)
                examiner = Examiner(given(files, taught, Path(folder)), what)
                answers = [examiner.answer(seed) for seed in range(SCENES, SCENES + scenes)]
            row: dict[str, object] = {
                name: mean_of(values(answers, WORD, name)) for name in ("verdict", "recovered")
            } | {"seconds": taught.figures.seconds, "rows": taught.figures.unet_rows}
            found[f"{what}, {'described' if described else 'named'}"] = row
            print(f"{what}, {'described' if described else 'named'}: {row}", flush=True)
    return found
