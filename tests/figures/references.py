"""How well a thing of another picture is laid into a photo: `python -m tests.figures.references [--pairs N]`.

The thing of one scene is to stand where another scene's thing stands, which gives way to it; the truth is the other
scene with a thing of that form, colour and material, as large as the place that is marked for it. A rectangle is drawn
over the thing in its picture, and one around the place in the photo, and the sentence says what is to be seen.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.editing.image_prompts import pixels_of, prompt_of
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import InvertJob, RenderJob
from nti_desktop.recipe.outlines import Outline, rectangle
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import settled
from nti_desktop.studio.captions import caption_pair
from nti_desktop.studio.render import drawn, training_picture
from nti_desktop.studio.scenes import LEARNED_SHAPES, Colour, Film, Material, Scene, draw_scene
from nti_desktop.studio.truth import nearest, recovered, visible_difference
from tests.figures.editor import Editor, Pixels
from tests.figures.trials import SEEN

PHOTOS, OTHERS = 800_000, 820_000  # where the seeds of the scenes begin
SIZE = 512  # pixels of the picture that the thing is taken from
AROUND = 0.05  # of the photo's side, how much wider the marked place is than what stands there
ATTRIBUTES = {"colour": tuple(Colour), "material": tuple(Material), "shape": LEARNED_SHAPES}


@dataclass(frozen=True)
class Pair:
    """The photo's scene, the one whose thing is laid into it, and the truth. place: where it is to stand."""

    scene: Scene
    other: Scene
    truth: Scene
    place: Outline


def pair(scene: Scene, other: Scene) -> Pair:
    """The place is what the thing there takes and what the other's would take in its stead, and a little more."""
    alike = {name: getattr(other.things[0], name) for name in ATTRIBUTES}
    instead = replace(scene, things=(replace(scene.things[0], **alike),))
    before, after = (training_picture(each).objects == 1 for each in (scene, instead))
    both, new = _area(before | after), _area(after)
    larger = min(both.width / new.width, both.height / new.height)
    truth = replace(instead, things=(replace(instead.things[0], size=instead.things[0].size * larger),))
    height, width = before.shape
    left, right = both.x / width - AROUND, (both.x + both.width) / width + AROUND
    top, bottom = both.y / height - AROUND, (both.y + both.height) / height + AROUND
    return Pair(scene, other, truth, rectangle(*(min(max(side, 0.0), 1.0) for side in (left, top, right, bottom))))


def pairs(first: int) -> Iterator[Pair]:
    """Scenes with one thing on film in colour, the seeds counted from `first`."""
    photos, others = (filter(_fits, map(draw_scene, count(start + first))) for start in (PHOTOS, OTHERS))
    return map(pair, photos, others)


def _fits(scene: Scene) -> bool:
    return len(scene.things) == 1 and scene.film is Film.COLOUR


class Examiner:
    """Lays things into photos by the built-in model, and judges what comes of it."""

    def __init__(self) -> None:
        self._entry = built_in()
        self._editor = Editor(self._entry.files)

    def can_be_seen(self, pair: Pair) -> bool:
        """Whether the truth differs visibly from the photo."""
        return bool(self._changed(pair).mean() > SEEN)

    def picture(self, pair: Pair, shown: bool = True) -> Pixels:
        """The edit. shown: after the other picture, or by the sentence alone."""
        said, wish = caption_pair(pair.scene, pair.truth)
        defaults, image = self._entry.defaults, self._editor.picture(pair.scene).image
        how = InversionSettings(said, defaults.method, defaults.steps, defaults.guidance_scale)
        inverted = self._editor.service.invert(InvertJob(self._editor.files, image, how))
        recipe = EditRecipe(wish, automatic=True, self_limit=defaults.self_limit, within=(pair.place,))
        if shown:
            seen = drawn(pair.other, SIZE)
            recipe = replace(recipe, image_prompt=prompt_of(Raster(seen.image), "", _area(seen.objects == 1)))
        recipe = settled(recipe, how, defaults, inverted.figures.explained)
        thing = None if recipe.image_prompt is None else pixels_of(recipe.image_prompt)
        job = RenderJob(self._editor.files, f"{pair.scene.noise}", how, inverted.arrays, recipe, image_prompt=thing)
        return self._editor.service.render(job).image

    def figures(self, pair: Pair, picture: Pixels) -> dict[str, float]:
        """Of each attribute and of all whether they are seen to be the other thing's, and what is recovered."""
        thing, region = pair.truth.things[0], self._changed(pair)
        right: dict[str, float] = {}
        for name, options in ATTRIBUTES.items():
            made = [replace(pair.truth, things=(replace(thing, **{name: option}),)) for option in options]
            found = nearest(picture, [self._editor.drawn(scene) for scene in made], region)
            right[name] = float(options[found] is getattr(thing, name))
        photo, truth = self._editor.drawn(pair.scene), self._editor.drawn(pair.truth)
        return right | {"all": min(right.values()), "recovered": recovered(picture, photo, truth)}

    def row(self, pair: Pair, picture: Pixels) -> NDArray[np.uint8]:
        """The other picture, the photo, the edit and the truth beside each other."""
        scenes = (self._editor.drawn(scene) for scene in (pair.other, pair.scene, pair.truth))
        other, photo, truth = scenes
        levels = np.concatenate([other, photo, picture, truth], 1) * 255
        return levels.round().clip(0, 255).astype(np.uint8)

    def _changed(self, pair: Pair) -> NDArray[np.bool_]:
        return visible_difference(self._editor.drawn(pair.truth), self._editor.drawn(pair.scene))


def _area(mask: NDArray[np.bool_]) -> Area:
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    top, left, bottom, right = (int(side) for side in (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1))
    return Area(left, top, right - left, bottom - top)


def main() -> None:
    """Measure and print, after the picture and by words alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=32, metavar="N")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N")
    parser.add_argument("--words", action="store_true", help="also by the sentence alone")
    parser.add_argument("--sheet", type=Path, help="write the pictures into this file")
    options = parser.parse_args()
    examiner = Examiner()
    seen = filter(examiner.can_be_seen, pairs(options.first_seed))
    chosen = [pair for pair, _ in zip(seen, range(options.pairs), strict=False)]
    for way, shown in (("after the picture", True), *([("by words alone", False)] if options.words else [])):
        pictures = [examiner.picture(pair, shown) for pair in chosen]
        found = [examiner.figures(pair, picture) for pair, picture in zip(chosen, pictures, strict=True)]
        means = ", ".join(f"{name} {mean(row[name] for row in found):.2f}" for name in found[0])
        print(f"{way}, {len(found)} pairs: {means}", flush=True)
        if shown and options.sheet is not None:
            rows = [examiner.row(pair, picture) for pair, picture in zip(chosen, pictures, strict=True)]
            Image.fromarray(np.concatenate(rows)).save(options.sheet)


if __name__ == "__main__":
    main()
