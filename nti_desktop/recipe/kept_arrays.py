"""The arrays that inversions keep in the sidecar, declared once: names, shapes, and what is wrong where one differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Extent(StrEnum):
    """What a side of an array counts. LEVELS: the noise levels, one more than the steps."""

    LEVELS = "steps + 1"
    STEPS = "steps"
    CHANNELS = "channels"
    HEIGHT = "height"
    WIDTH = "width"
    TOKENS = "tokens"
    FEATURES = "features"
    NUMBERS = "numbers"
    TWO = "2"


@dataclass(frozen=True)
class KeptArray:
    """An array that an inversion keeps. name: in the file; shape: what its sides count; words: its shape for people;
    fault: what is wrong where it has another; double: whether nothing of its double precision may be lost.
    """

    name: str
    shape: tuple[Extent, ...]
    words: str
    fault: str
    double: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"

    def fits(self, shape: Sequence[int], exact: Mapping[Extent, int], most: Mapping[Extent, int]) -> bool:
        """Tell whether an array of this shape may be this one. exact: how long the sides are, by what they count; most:
        how long they are at most.
        """
        return len(shape) == len(self.shape) and all(
            side == (2 if extent is Extent.TWO else exact.get(extent, side)) and side <= most.get(extent, side)
            for extent, side in zip(self.shape, shape, strict=True)
        )


PIVOT = KeptArray(  # from z*_T to z*_0
    "pivot",
    (Extent.LEVELS, Extent.CHANNELS, Extent.HEIGHT, Extent.WIDTH),
    "steps + 1 latents of channels × height × width",
    "the pivot of an inversion has the wrong shape",
)
NULL_EMBEDDINGS = KeptArray(  # the first tokens of each
    "null_embeddings",
    (Extent.STEPS, Extent.TOKENS, Extent.FEATURES),
    "steps × tokens × width",
    "the null embeddings of an inversion have the wrong shape",
)

EMBEDDED = KeptArray(
    "embedding",
    (Extent.TOKENS, Extent.FEATURES),
    "tokens × width",
    "the embedding of an inversion has the wrong shape",
)
TUNED = KeptArray(  # see nti_desktop.engine.model.low_rank
    "tuned",
    (Extent.NUMBERS,),
    "low-rank additions to the model’s attention",
    "the additions of an inversion have the wrong shape",
)
PAIR = KeptArray(  # at the level that edits start from
    "pair",
    (Extent.TWO, Extent.CHANNELS, Extent.HEIGHT, Extent.WIDTH),
    "two latents of channels × height × width, in double precision",
    "the pair of an inversion has the wrong shape",
    double=True,
)
