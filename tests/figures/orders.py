"""How well a model carries out orders: held-out scenes of the first world, every kind of change, one table.

python -m tests.figures.orders --model FOLDER --scenes 32
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.recipe.jobs import RenderJob
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.studio.orders import SHARES, Order, order_of, targets
from nti_desktop.studio.render import drawn
from nti_desktop.studio.scenes import Scene, draw_scene
from nti_desktop.studio.truth import bootstrap_interval, nearest, psnr, recovered, visible_difference

COLUMNS = 4  # of the sheet
ORDERS = 540_000  # where the seeds begin; a thousand for each kind


@dataclass(frozen=True)
class Figures:
    """Of one order. recovered: see truth; verdict: whether the edit is nearest to the right one of all that the scene
    could have become, itself included; outside: dB where nothing should change.
    """

    recovered: float
    verdict: bool
    outside: float


def trials(kind: str, count: int, first_seed: int) -> list[Order]:
    """So many orders of a kind, one of each scene that has one."""
    found: list[Order] = []
    seed = first_seed + 1000 * list(SHARES).index(kind)
    while len(found) < count:
        scene, lot = draw_scene(seed), random.Random(seed)
        if possible := targets(scene, kind):
            found.append(order_of(kind, scene, lot.choice(possible)))
        seed += 1
    return found


class Measuring:
    """One model, one setting."""

    def __init__(self, entry: ModelEntry, recipe: EditRecipe, steps: int, size: int = 128) -> None:
        """recipe: all but its order."""
        self._entry, self._recipe, self._size = entry, recipe, size
        self._settings = InversionSettings("", entry.defaults.method, steps, entry.defaults.guidance_scale)
        self._service = EngineService()
        self.sheet: list[list[np.ndarray]] = []

    def measure(self, order: Order) -> Figures:
        """Give the order, and hold what comes of it against the truth."""
        model = self._service._load(self._entry.files, report_nothing, CancelToken())

        def coded(scene: Scene) -> np.ndarray:
            return model.decode(model.encode(drawn(scene, self._size).image))

        image = drawn(order.source, self._size).image
        recipe = replace(self._recipe, prompt=order.ways[0])
        job = RenderJob(self._entry.files, f"{id(order)}", self._settings, {}, recipe, image=image)
        made = self._service.render(job)
        truth = coded(order.target)
        others = [order.source, *targets(order.source, order.kind)]
        shown = random.Random(0).sample(others, min(6, len(others)))
        candidates = list(dict.fromkeys([order.target, order.source, *shown]))
        region = visible_difference(truth, made.source)
        verdict = nearest(made.image, [coded(scene) for scene in candidates], region) == 0
        outside = psnr(made.image, made.source, ~region) if not region.all() else float("nan")
        self.sheet.append([made.source, made.image, truth])
        return Figures(recovered(made.image, made.source, truth), verdict, outside)


def main(command_line: Sequence[str] | None = None) -> None:
    """Measure and print a line for each kind, and write a sheet of source, edit and truth."""
    parser = argparse.ArgumentParser(prog="python -m tests.figures.orders", description=__doc__)
    parser.add_argument("--model", required=True, help="a model that takes orders")
    parser.add_argument("--scenes", type=int, default=32, help="of each kind")
    parser.add_argument("--kinds", default=",".join(SHARES))
    parser.add_argument("--first-seed", type=int, default=ORDERS)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--image-guidance", type=float, default=1.2)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args(command_line)
    recipe = EditRecipe("…", guidance_scale=asked.guidance, image_guidance=asked.image_guidance)
    measuring = Measuring(find_model(asked.model), recipe, asked.steps)
    print(f"{'kind':9} {'recovered':>9} {'95 %':>13} {'verdict':>7} {'outside':>7}")
    for kind in asked.kinds.split(","):
        found = [measuring.measure(order) for order in trials(kind, asked.scenes, asked.first_seed)]
        low, high = bootstrap_interval([each.recovered for each in found])
        mean, verdict = np.mean([each.recovered for each in found]), np.mean([each.verdict for each in found])
        outside = np.nanmean([each.outside for each in found])
        print(f"{kind:9} {mean:9.2f} {low:6.2f} {high:6.2f} {verdict:6.0%} {outside:7.1f}", flush=True)
    if asked.sheet is not None:
        rows = [np.concatenate(row, 1) for row in measuring.sheet]
        per = -(-len(rows) // COLUMNS)
        rows += [np.zeros_like(rows[0])] * (COLUMNS * per - len(rows))
        picture = np.concatenate([np.concatenate(rows[n * per : (n + 1) * per], 0) for n in range(COLUMNS)], 1)
        Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(asked.sheet)


if __name__ == "__main__":
    main()
