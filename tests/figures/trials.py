"""Held-out scenes and edits of them: what is measured on. The same numbers always mean the same scenes."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from nti_desktop.recipe.completing import completed
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.recipe import Side, WordRef
from nti_desktop.recipe.words import split_words
from nti_desktop.studio import scenes, world
from nti_desktop.studio.captions import caption_pair
from nti_desktop.studio.more_variants import MORE_VARIANTS
from nti_desktop.studio.orders import SHARES, order_of, targets
from nti_desktop.studio.render import TRAINING_SIZE, Picture, drawn, training_picture
from nti_desktop.studio.scenes import Scene, Shape, in_format
from nti_desktop.studio.truth import visible_difference
from nti_desktop.studio.variants import VARIANTS

# Where the seeds of each figure's scenes begin; a thousand for each kind of edit.
TRIALS = 500_000
ONE_THING = 510_000
AUTOENCODER = 520_000
RECONSTRUCTION = 530_000
STORIES = 540_000
CLASSIFIER = 600_000

SEEN = 0.01  # of the picture differ visibly, or there is nothing to recover
LOCAL = ("colour", "shape", "material")  # edits of one thing, which a word mask can hold


@dataclass(frozen=True, eq=False)
class World:
    """What a model has learned. draw: the held-out scene of a seed; picture: of a scene, as training saw it; variants:
    by kind of edit, a scene with one attribute changed in every way; apart: how far the kinds' seeds begin from one
    another, 0 where all kinds are of the same scenes.
    """

    draw: Callable[[int], Scene]
    picture: Callable[[Scene], Picture]
    variants: Mapping[str, Callable[[Scene], list[Scene]]]
    apart: int = 1000


FIRST = World(scenes.draw_scene, training_picture, VARIANTS)


def in_formats(aspect: float) -> World:
    """The first world in pictures of another format, of the same scenes."""
    return World(lambda seed: in_format(scenes.draw_scene(seed), aspect), partial(drawn, size=TRAINING_SIZE), VARIANTS)


SECOND = World(world.draw_scene, partial(drawn, size=256), MORE_VARIANTS)
# Scenes of the first, changed in every way that can be ordered, of things that its weights have seen.
# The kinds share them, as a photo that takes long to prepare by all methods is edited in all ways then.
EVERY_CHANGE = World(
    scenes.draw_scene, training_picture, {kind: partial(targets, kind=kind) for kind in SHARES}, apart=0
)
WORLDS = {
    "first": FIRST,
    "broad": in_formats(1.5),
    "tall": in_formats(1 / 1.5),
    "second": SECOND,
    "every change": EVERY_CHANGE,
}


@dataclass(frozen=True)
class Trial:
    """One scene and the same with one attribute changed. look: that short captions are completed by."""

    kind: str
    seed: int
    scene: Scene
    variant: Scene
    short: bool = False
    world: World = FIRST
    look: Look | None = None

    @property
    def captions(self) -> tuple[str, str]:
        """Of the scene and of the variant; the short ones in three or four words, as people write them."""
        if not self.short:
            return caption_pair(self.scene, self.variant)
        source, edit = short_caption(self.kind, self.scene), short_caption(self.kind, self.variant)
        return (source, edit) if self.look is None else (completed(source, self.look), completed(edit, self.look))

    @property
    def order(self) -> str:
        """What makes the variant of the scene, said the plainest way."""
        return order_of(self.kind, self.scene, self.variant).ways[0]


def short_caption(kind: str, scene: Scene) -> str:
    """The first thing, and of all that could be said of the scene only what a kind of edit changes."""
    thing = scene.things[0]
    said = {"colour": thing.colour, "shape": thing.colour, "material": thing.material}.get(kind)
    words = f"{said} {thing.shape}" if said else str(thing.shape)
    words = f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    match kind:
        case "ground":
            return f"{words} on {scene.ground}"
        case "sky":
            return f"{words} {scene.sky}"
        case "weather":
            return f"{words} {scene.weather}".strip()
        case "film":
            return f"{scene.film} of {words}"
    return words


def trial(kind: str, seed: int, world: World = FIRST) -> Trial:
    """The trial of this seed."""
    scene = world.draw(seed)
    # Seeded by a text: random.Random(seed) began with the numbers that drew the scene.
    changed = random.Random(f"{kind} {seed}").choice(world.variants[kind](scene))
    return Trial(kind, seed, scene, changed, world=world)


def seeds(kind: str, first: int = TRIALS, world: World = FIRST) -> Iterator[int]:
    """The seeds of a kind's trials, in order: of scenes that have something of the kind to be changed. first: where
    those of the first kind begin.
    """
    begin = first + world.apart * list(world.variants).index(kind)
    return (seed for seed in itertools.count(begin) if world.variants[kind](world.draw(seed)))


def can_be_seen(trial: Trial) -> bool:
    """Whether the truth differs visibly from the source; trials where it does not are passed over."""
    before, after = (trial.world.picture(scene).image / 255 for scene in (trial.scene, trial.variant))
    return bool(visible_difference(after, before).mean() > SEEN)


def one_thing_seeds(count: int) -> list[int]:
    """Seeds of held-out scenes of the first world with one thing."""
    return list(itertools.islice((s for s in itertools.count(ONE_THING) if len(FIRST.draw(s).things) == 1), count))


def candidates(trial: Trial) -> list[Scene]:
    """The scene with every value that the changed attribute can take, the right one first; of removals also the one
    without anything, as an edit may take more than was asked for.
    """
    others = [trial.scene, *trial.world.variants[trial.kind](trial.scene)]
    if trial.kind == "removed":
        others.append(replace(trial.scene, things=()))
    return [trial.variant, *(scene for scene in others if scene != trial.variant)]


def thing_word(edit: str) -> WordRef:
    """The word of the first thing's shape in a caption."""
    word = next(w for w in split_words(edit) if w.text.rstrip("s") in set(Shape))
    return WordRef(Side.EDIT, word.position, word.text)
