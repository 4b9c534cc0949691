"""Edits against the right answer, which the renderer draws; beside a copy of the source, plain sampling and SDEdit.

`python -m tests.truth --scenes 16 [--null-text]` prints the table. Scenes come from seeds that training never saw.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.engine.ddim import guided, levels_of, step_down
from nti_desktop.engine.model import DiffusionModel, load_model
from nti_desktop.engine.workbench import Workbench
from nti_desktop.jobs import InvertJob, Rendered, RenderJob
from nti_desktop.models.catalog import ModelEntry, built_in
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef, recipe_for
from nti_desktop.recipe.settings import InversionSettings, Method
from nti_desktop.recipe.words import split_words
from nti_desktop.studio.render import Picture, training_picture
from nti_desktop.studio.scenes import (
    VARIANTS,
    Colour,
    Ground,
    Material,
    Scene,
    Shape,
    Sky,
    caption_pair,
    draw_scene,
)
from nti_desktop.studio.truth import bootstrap_interval, nearest, overlap, psnr_outside, recovered, visible_difference

FIRST_SEED = 500_000
SDEDIT_STRENGTH = 0.5


@dataclass(frozen=True)
class Trial:
    """One scene and the same with one attribute changed."""

    kind: str
    scene: Scene
    variant: Scene


@dataclass(frozen=True)
class Result:
    """What one way of editing made of one trial; see nti_desktop.studio.truth."""

    kind: str
    way: str
    recovered: float
    outside: float
    verdict: bool


@dataclass(frozen=True)
class MaskResult:
    """How well the mask of the changed thing's word fits it."""

    kind: str
    iou: float
    coverage: float


def trials(kind: str, count: int) -> Iterator[Trial]:
    """`count` held-out trials of a kind, always the same; those whose truth does not differ visibly are passed over."""
    found = 0
    seed = FIRST_SEED + 1000 * sorted(VARIANTS).index(kind)
    while found < count:
        scene = draw_scene(seed)
        variant = VARIANTS[kind](scene, random.Random(seed))
        seed += 1
        before, after = (training_picture(s).image / 255.0 for s in (scene, variant))
        if visible_difference(after, before).mean() > 0.01:
            found += 1
            yield Trial(kind, scene, variant)


def candidates(trial: Trial) -> list[Scene]:
    """The scene with every value that the changed attribute can take, the right one first."""
    thing = trial.scene.things[0]

    def with_thing(**changes: StrEnum) -> Scene:
        return replace(trial.scene, things=(replace(thing, **changes), *trial.scene.things[1:]))

    values: dict[str, Callable[[], list[Scene]]] = {
        "colour": lambda: [with_thing(colour=c) for c in Colour],
        "shape": lambda: [with_thing(shape=s) for s in Shape],
        "material": lambda: [with_thing(material=m) for m in Material],
        "ground": lambda: [replace(trial.scene, ground=g) for g in Ground],
        "sky": lambda: [replace(trial.scene, sky=s) for s in Sky],
    }
    return [trial.variant, *(s for s in values[trial.kind]() if s != trial.variant)]


def thing_word(edit: str) -> WordRef:
    """The word of the first thing's shape in a caption."""
    word = next(w for w in split_words(edit) if w.text in set(Shape))
    return WordRef(Side.EDIT, word.position, word.text)


class Judge:
    """Runs trials on the built-in model with its defaults, or with another method at the same settings."""

    def __init__(self, entry: ModelEntry | None = None) -> None:
        self.entry = entry or built_in()
        self.bench = Workbench()
        self.model: DiffusionModel = load_model(self.entry.folder)

    def drawn(self, scene: Scene) -> NDArray[np.float32]:
        """The autoencoder's own picture of a scene: D(E(render))."""
        return self.model.decode(self.model.encode(training_picture(scene).image))

    def edit(self, trial: Trial, method: Method, recipe: EditRecipe | None = None) -> Rendered:
        """The trial's edit by one method."""
        source, edit = caption_pair(trial.scene, trial.variant)
        defaults = self.entry.defaults
        settings = InversionSettings(source, method, defaults.steps, defaults.guidance_scale)
        inverted = self.bench.invert(InvertJob(self.entry.folder, training_picture(trial.scene).image, settings))
        name = f"{trial} {method}"
        return self.bench.render(
            RenderJob(
                self.entry.folder,
                name,
                settings,
                inverted.pivot,
                inverted.null_embeddings,
                recipe or recipe_for(edit, defaults),
            )
        )

    def sampled(self, trial: Trial, start: int) -> NDArray[np.float32]:
        """Guided sampling with the edit prompt from level `start`: 0 from noise alone, further down SDEdit."""
        _, edit = caption_pair(trial.scene, trial.variant)
        levels = levels_of(self.model.scheduler_config, self.entry.defaults.steps)
        latents = self.model.encode(training_picture(trial.scene).image)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(trial.scene.noise))
        alpha = levels.alphas[start]
        z = noise if start == 0 else alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
        embeddings = torch.cat([self.model.embed(""), self.model.embed(edit)])
        for a in range(start, levels.steps):
            with torch.no_grad():
                both = self.model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
            z = step_down(guided(both[:1], both[1:], self.entry.defaults.guidance_scale), z, levels, a, a + 1)
        return self.model.decode(z)

    def results(self, trial: Trial, methods: tuple[Method, ...], baselines: bool = True) -> list[Result]:
        """Every way on one trial."""
        truths = [self.drawn(scene) for scene in candidates(trial)]
        source = self.drawn(trial.scene)
        pictures: dict[str, NDArray[np.float32]] = {m.value: self.edit(trial, m).image for m in methods}
        if baselines:
            pictures["copy of the source"] = source
            pictures["sampling"] = self.sampled(trial, 0)
            pictures["SDEdit"] = self.sampled(trial, round(self.entry.defaults.steps * (1 - SDEDIT_STRENGTH)))
        region = visible_difference(truths[0], source)
        return [
            Result(
                trial.kind,
                way,
                recovered(picture, source, truths[0]),
                psnr_outside(picture, source, truths[0]) if not region.all() else float("nan"),
                nearest(picture, truths, region) == 0,
            )
            for way, picture in pictures.items()
        ]

    def mask(self, trial: Trial) -> MaskResult:
        """The word mask of the thing that changes, at the published threshold, against the thing itself."""
        _, edit = caption_pair(trial.scene, trial.variant)
        defaults = self.entry.defaults
        blend = Blend((thing_word(edit),), positions=defaults.blend_positions)
        rendered = self.edit(trial, defaults.method, replace(recipe_for(edit, defaults), blend=blend))
        assert rendered.mask is not None
        pictures: list[Picture] = [training_picture(trial.scene), training_picture(trial.variant)]
        thing = (pictures[0].objects == 1) | (pictures[1].objects == 1)
        found = overlap(rendered.mask > 0.5, thing)
        return MaskResult(trial.kind, found.iou, found.coverage)


def of(results: list[Result], way: str) -> list[float]:
    """What one way recovered."""
    return [r.recovered for r in results if r.way == way]


def table(results: list[Result]) -> str:
    """Mean recovered with its interval, share of positive ones, PSNR outside and verdicts, by way and kind."""
    heads = f"{'recovered':>10} {'95 %':>16} {'positive':>9} {'outside':>8} {'verdict':>8}"
    lines = [f"{'way':20} {'kind':10} {'scenes':>6} {heads}"]
    for way in dict.fromkeys(r.way for r in results):
        for kind in (*dict.fromkeys(r.kind for r in results), "all"):
            those = [r for r in results if r.way == way and kind in (r.kind, "all")]
            if not those:
                continue
            values = [r.recovered for r in those]
            low, high = bootstrap_interval(values)
            outside = np.mean([r.outside for r in those if np.isfinite(r.outside)] or [0])
            lines.append(
                f"{way:20} {kind:10} {len(those):6} {np.mean(values):10.2f} {low:8.2f}{high:8.2f} "
                f"{np.mean([v > 0 for v in values]):9.0%} {outside:8.1f} {np.mean([r.verdict for r in those]):8.0%}"
            )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=16, help="scenes of each kind")
    parser.add_argument("--null-text", action="store_true", help="also null-text by the reference schedule")
    arguments = parser.parse_args()
    judge = Judge()
    methods = (judge.entry.defaults.method, *([Method.NULL_TEXT] if arguments.null_text else []))
    results: list[Result] = []
    masks: list[MaskResult] = []
    for kind in VARIANTS:
        for trial in trials(kind, arguments.scenes):
            results += judge.results(trial, methods)
            if kind in ("colour", "shape", "material"):
                masks.append(judge.mask(trial))
        print(table(results), flush=True)
        if masks:
            print(
                f"word mask against the thing: IoU {np.mean([m.iou for m in masks]):.2f}, "
                f"coverage {np.mean([m.coverage for m in masks]):.0%} of the frame, {len(masks)} scenes",
                flush=True,
            )


if __name__ == "__main__":
    main()
