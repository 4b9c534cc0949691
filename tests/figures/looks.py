"""How well a photo takes over the look of another one: `python -m tests.figures.looks [--pairs N] [--first-seed N]`.

The other photo shows another scene on other ground, in a light, a weather or on a film of its own; the truth is this
photo's scene in that. Edges: correlation of the edit's with the photo's, beside that of the truth's with the photo's,
as another light casts other shadows and fog hides what it hides.
"""

import argparse
from dataclasses import replace
from itertools import count, islice
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nti_desktop.core.progress import NEVER, report_nothing
from nti_desktop.engine.model.look import read_look
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.look import with_look
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.studio.captions import caption
from nti_desktop.studio.scenes import Film, Scene, Sky, Weather, draw_scene
from nti_desktop.studio.truth import recovered
from tests.figures.editor import Editor
from tests.figures.trials import Trial, can_be_seen

PHOTOS, OTHERS = 760_000, 780_000  # where the seeds of the scenes begin

KINDS: dict[str, dict[str, Any]] = {
    "sunset": {"sky": Sky.SUNSET},
    "night": {"sky": Sky.NIGHT},
    "fog": {"weather": Weather.FOG},
    "rain": {"weather": Weather.RAIN},
    "sepia": {"film": Film.SEPIA},
}


def pair(kind: str, seed: int) -> tuple[Trial, Scene]:
    """The photo's scene with its truth, and the scene whose look it takes."""
    scene, other = (_plain(draw_scene(first + seed)) for first in (PHOTOS, OTHERS))
    look = KINDS[kind]
    return Trial(kind, PHOTOS + seed, scene, replace(scene, **look)), replace(other, **look)


def _plain(scene: Scene) -> Scene:
    return replace(scene, sky=Sky.DAY, weather=Weather.CLEAR, film=Film.COLOUR)


def edges_kept(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Correlation of the lengths of two pictures' gradients."""
    lengths = [np.hypot(*np.gradient(picture.mean(-1))).ravel() for picture in (one, other)]
    return float(np.corrcoef(*lengths)[0, 1])


def measure(editor: Editor, kind: str, seed: int) -> tuple[float, float, float, bool]:
    """Recovered, edges, edges of the truth, and whether the words say what the truth's caption says."""
    trial, other = pair(kind, seed)
    entry = built_in()
    question = LookQuestion(learned=entry.words)
    look = read_look(editor.model, editor.rendered(other).image, question, report_nothing, NEVER)
    said = with_look(caption(trial.scene), look)
    rendered = editor.edit(trial, entry.defaults, recipe=EditRecipe(said, automatic=True))
    photo, truth = editor.drawn(trial.scene), editor.drawn(trial.variant)
    return (
        recovered(rendered.image, photo, truth),
        edges_kept(rendered.image, photo),
        edges_kept(truth, photo),
        said == caption(trial.variant),
    )


def main() -> None:
    """Measure and print, a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=32, metavar="N", help="of each kind")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    editor = Editor(built_in().files)
    for kind in KINDS:
        seeds = (seed for seed in count(options.first_seed) if can_be_seen(pair(kind, seed)[0]))
        found = [measure(editor, kind, seed) for seed in islice(seeds, options.pairs)]
        gained, edges, of_truth, right = (mean(column) for column in zip(*found, strict=True))
        worst = min(row[0] for row in found)
        print(
            f"{kind}: recovered {gained:.2f} (worst {worst:.2f}), edges {edges:.2f} (the truth's {of_truth:.2f}), "
            f"told rightly {right:.0%} of {len(found)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
