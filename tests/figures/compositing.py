"""What the compositor adds: right answers, made as small as the model's pictures, laid back into photos.

The photo is drawn several times finer than the model sees it, and the truth as well.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nti_desktop
from nti_desktop.photo.compositing.composite import Layer, composite
from nti_desktop.photo.frame import Frame, frame_image
from nti_desktop.photo.raster import Raster
from nti_desktop.studio.captions import caption
from nti_desktop.studio.render import TRAINING_SIZE, render
from nti_desktop.studio.samples import CHOICES, SIZE, Choice, edited
from nti_desktop.studio.scenes import Scene
from nti_desktop.studio.truth import recovered, sharpness, visible_difference
from nti_desktop.studio.variants import VARIANTS
from tests.figures.answers import Answer
from tests.figures.tables import ALL, Mean, Outcomes, mean_of, values
from tests.figures.trials import Trial

Levels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SHRUNK = SIZE // TRAINING_SIZE
SOFTNESS, NOISE = 0.7, 0.01  # of an imperfect answer: standard deviations, in its pixels and in [0, 1]
MASK_REACH = 4  # pixels of the model's size that the mask reaches beyond what changed

PERFECT, SOFT, CODED = "perfect", "soft and noisy", "through the autoencoder"
MASKED = " with mask"  # after the name of a way


def compositor_digest() -> str:
    """Of all that lays an edit into a photo: answers of another compositor are none of this one's."""
    photo = Path(nti_desktop.__path__[0]) / "photo"
    files = [photo / "frame.py", *sorted((photo / "compositing").glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


@cache
def sample_trials() -> tuple[Trial, ...]:
    """The edits that the samples offer, three of each."""
    return tuple(_trial_of(choice, words, instead) for choice in CHOICES for words, instead in choice.edits)


def _trial_of(choice: Choice, words: str, instead: str) -> Trial:
    scene = choice.scene
    asked = edited(caption(scene), words, instead)
    for kind, others in VARIANTS.items():
        # The second thing's edits are the first one's where the two have changed places.
        for variant in (*others(scene), *map(_exchanged, others(_exchanged(scene)))):
            if caption(variant) == asked:
                return Trial(kind, choice.seed, scene, variant)
    raise ValueError(f"No variant of the scene {choice.seed} is “{asked}”.")


def _exchanged(scene: Scene) -> Scene:
    return replace(scene, things=scene.things[::-1])


def laid_in(asked: Trial, coded: Callable[[Levels], Floats] | None = None) -> Answer:
    """What is recovered of the truth, and how sharp it is, by way. coded: a picture (h, w, 3) through an autoencoder,
    in [0, 1], for the way that has its name.

    Perfect: edit and source are truth and photo as the model sees them, each soft and noisy, or each through the
    autoencoder. The mask is what changes visibly, grown.
    """
    photo, truth = (render(scene, SIZE, rays=2).image for scene in (asked.scene, asked.variant))
    height, width = photo.shape[:2]
    frame = Frame(0, 0, width, height, width // SHRUNK, height // SHRUNK)
    small = [frame_image(Raster(picture), frame) for picture in (photo, truth)]
    source, edit = (picture.astype(np.float32) / 255 for picture in small)
    mask = visible_difference(edit, source, MASK_REACH).astype(np.float32)
    rng = np.random.default_rng(asked.seed)
    pairs = {PERFECT: (source, edit), SOFT: (_softened(source, rng), _softened(edit, rng))}
    if coded is not None:
        pairs[CODED] = (coded(small[0]), coded(small[1]))
    region = visible_difference(truth / 255, photo / 255)
    answer: Answer = {}
    for way, (before, after) in pairs.items():
        for name, reach in ((way, None), (way + MASKED, mask)):
            out = composite(Raster(photo), Layer(frame, after, before, reach)).pixels / 255
            answer[name] = {
                "recovered": recovered(out, photo / 255, truth / 255),
                "sharpness": sharpness(out, truth / 255, region),
            }
    return answer


def _softened(picture: Floats, rng: np.random.Generator) -> Floats:
    """Blurred by a Gaussian, with noise."""
    weights = np.exp(-(np.arange(-3, 4) ** 2) / (2 * SOFTNESS**2))
    weights /= weights.sum()
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((3, 3), (3, 3), (0, 0)), mode="edge")
    rows = sum(weight * padded[n : n + height] for n, weight in enumerate(weights))
    both = sum(weight * rows[:, n : n + width] for n, weight in enumerate(weights))
    softened: Floats = np.clip(both + rng.normal(0, NOISE, picture.shape), 0, 1).astype(np.float32)
    return softened


@dataclass(frozen=True)
class LaidIn:
    """What one way recovers of one kind's truth. worst: mean of the worst tenth; sharpness: in those of the truth."""

    mean: Mean
    worst: float
    sharpness: float


def laid_in_by(answers: Sequence[Answer], way: str) -> LaidIn:
    """The figures of one way; raises ValueError when no scene has them."""
    found = sorted(values(answers, way))
    worst = found[: -(-len(found) // 10)]
    return LaidIn(mean_of(found), float(np.mean(worst)), float(np.mean(values(answers, way, "sharpness"))))


def laid_in_summary(outcomes: Outcomes) -> dict[str, dict[str, LaidIn]]:
    """By way and kind, and over all kinds."""
    kinds = {**outcomes, ALL: [answer for answers in outcomes.values() for answer in answers]}
    return {way: {kind: laid_in_by(answers, way) for kind, answers in kinds.items()} for way in kinds[ALL][0]}


def laid_in_table(summary: Mapping[str, Mapping[str, LaidIn]]) -> str:
    """The summary as text."""
    lines = [f"{'way':34} {'kind':9} {'scenes':>6} {'recovered':>10} {'95 %':>15} {'worst tenth':>12} {'sharp':>6}"]
    for way, kinds in summary.items():
        for kind, found in kinds.items():
            interval = f"{found.mean.low:.4f} {found.mean.high:.4f}"
            lines.append(
                f"{way:34} {kind:9} {found.mean.scenes:6} {found.mean.mean:10.4f} {interval:>15} {found.worst:12.4f} "
                f"{found.sharpness:6.2f}"
            )
    return "\n".join(lines)
