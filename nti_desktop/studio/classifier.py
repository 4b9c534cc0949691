"""A small network that tells what a picture of one thing shows: it judges what the built-in model draws.

It learns from renders alone, some of them softened and speckled, so that an autoencoder's softness does not mislead it.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    Colour,
    Count,
    Film,
    Ground,
    Layout,
    Lighting,
    Material,
    Place,
    Pose,
    Scene,
    Shape,
    Size,
    Sky,
    Weather,
)

ATTRIBUTES: Mapping[str, Sequence[StrEnum]] = {
    "colour": tuple(Colour),
    "shape": LEARNED_SHAPES,
    "material": tuple(Material),
    "ground": tuple(Ground),
    "sky": tuple(Sky),
    "weather": tuple(Weather),
    "film": tuple(Film),
}
# Of the second world.
MORE_ATTRIBUTES: Mapping[str, Sequence[StrEnum]] = {
    **ATTRIBUTES,
    "shape": tuple(Shape),
    "pose": tuple(Pose),
    "size": tuple(Size),
    "place": tuple(place for place in Place if place is not Place.ANYWHERE),
    "count": tuple(Count),
    "lighting": tuple(Lighting),
}
UNSEEN = -1  # the label of what a picture does not show

OF_THE_THING = ("colour", "shape", "material", "pose", "size")
WIDTHS = (24, 48, 96, 128)
GRID = 4  # so many rows and columns of the whole picture are told apart
DENSE = 128
BATCH = 32
LEARNING_RATE = 3e-3


def attributes_of(scene: Scene, attributes: Mapping[str, Sequence[StrEnum]] = ATTRIBUTES) -> dict[str, StrEnum | None]:
    """Name what the picture of a scene of one kind of thing shows, by attribute; None for the colour where the film has
    none, for size, place and count where they are not to be seen. Raises ValueError for scenes of several kinds.
    """
    if len(scene.things) > 1 and scene.layout is not Layout.ROW:
        raise ValueError("There are too many kinds of things to say what the thing is.")
    thing = scene.things[0]
    found = {
        "colour": thing.colour if scene.film is Film.COLOUR else None,
        "shape": thing.shape,
        "material": thing.material,
        "ground": scene.ground,
        "sky": scene.sky,
        "weather": scene.weather,
        "film": scene.film,
        "pose": thing.pose,
        "size": None if scene.view.is_close or scene.count is not Count.ONE else thing.extent,
        "place": None if scene.place is Place.ANYWHERE else scene.place,
        "count": None if scene.view.is_close else scene.count,
        "lighting": scene.lighting,
    }
    return {name: found[name] for name in attributes}


def labels_of(scenes: Sequence[Scene], attributes: Mapping[str, Sequence[StrEnum]] = ATTRIBUTES) -> Tensor:
    """The scenes' attributes as numbers, (N, attributes) int64; UNSEEN where there is none."""
    said = [attributes_of(scene, attributes) for scene in scenes]
    return torch.tensor(
        [[UNSEEN if v is None else attributes[name].index(v) for name, v in row.items()] for row in said]
    )


class Classifier(nn.Module):
    """Two rows of convolutions, one for where the thing is and one for the whole picture at half size; one linear head
    for each attribute.
    """

    def __init__(self, attributes: Mapping[str, Sequence[StrEnum]] = ATTRIBUTES) -> None:
        """attributes: in the first world the thing is near the middle; where places are told apart it is anywhere."""
        super().__init__()
        self.attributes = attributes
        self.near, self.far = _convolutions(WIDTHS), _convolutions(WIDTHS[:-1])
        self.thing = _dense(2 * WIDTHS[-1])
        self.around = _dense(GRID**2 * WIDTHS[-2])
        self.heads = nn.ModuleDict(
            {
                name: nn.Linear(2 * DENSE if name in OF_THE_THING else DENSE, len(values))
                for name, values in attributes.items()
            }
        )

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """pictures: (N, 3, S, S) in [-1, 1]. Returns each attribute's logits (N, values)."""
        edge = 0 if "place" in self.attributes else pictures.shape[-1] // 8
        around_it = pictures[..., edge : pictures.shape[-2] - edge, edge : pictures.shape[-1] - edge]
        near = self.near(around_it)
        thing = self.thing(torch.cat([near.mean((2, 3)), near.amax((2, 3))], 1))
        far = self.far(F.avg_pool2d(pictures, 2))
        around = self.around(F.adaptive_avg_pool2d(far, GRID).flatten(1))
        both = torch.cat([thing, around], 1)
        return {name: head(both if name in OF_THE_THING else around) for name, head in self.heads.items()}


def _convolutions(widths: Sequence[int]) -> nn.Sequential:
    """Each width halves the picture; the first, which is the dearest, is one convolution, the others are two."""
    layers = [_convolution(3, widths[0], stride=2)]
    for before, after in pairwise(widths):
        layers += [_convolution(before, after, stride=2), _convolution(after, after)]
    return nn.Sequential(*layers)


def _convolution(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


def _dense(before: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(before, DENSE, bias=False), nn.BatchNorm1d(DENSE), nn.ReLU(inplace=True))


def train_classifier(
    images: NDArray[np.uint8],
    labels: Tensor,
    epochs: int = 12,
    seed: int = 0,
    attributes: Mapping[str, Sequence[StrEnum]] = ATTRIBUTES,
) -> Classifier:
    """Learn to tell the labels (N, attributes) of images (N, H, W, 3); the same for the same seed and threads."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = Classifier(attributes)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = epochs * -(-len(images) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for numbers in _batches(len(images), epochs, random):
        pictures = _augmented(_pixels(images[numbers.numpy()]), random, mirrored="place" not in attributes)
        logits = network(pictures.contiguous(memory_format=torch.channels_last))
        loss = _loss(logits, labels[numbers])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    network.eval()
    return network


def _batches(count: int, epochs: int, random: torch.Generator) -> Iterator[Tensor]:
    for _ in range(epochs):
        yield from torch.randperm(count, generator=random).split(BATCH)


def _pixels(images: NDArray[np.uint8]) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in [-1, 1]."""
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def _augmented(pictures: Tensor, random: torch.Generator, mirrored: bool) -> Tensor:
    """A third of the batches blurred, a third drawn at half size; half mirrored, if at all; all a little noisy."""
    flip, blur = torch.rand(2, generator=random).tolist()
    if mirrored and flip < 0.5:
        pictures = pictures.flip(-1)
    if blur < 1 / 3:
        pictures = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    elif blur < 2 / 3:
        pictures = F.interpolate(F.avg_pool2d(pictures, 2), size=pictures.shape[-2:], mode="bilinear")
    strength = 0.06 * torch.rand(len(pictures), 1, 1, 1, generator=random)
    return pictures + strength * torch.randn(pictures.shape, generator=random)


def _loss(logits: Mapping[str, Tensor], labels: Tensor) -> Tensor:
    """The heads' cross-entropies, each averaged over the pictures that show the attribute."""
    losses = []
    for column, answers in enumerate(logits.values()):
        seen = (labels[:, column] != UNSEEN).sum().clamp(min=1)
        losses.append(F.cross_entropy(answers, labels[:, column], ignore_index=UNSEEN, reduction="sum") / seen)
    return torch.stack(losses).sum()


@torch.no_grad()
def verdict(classifier: Classifier, picture: NDArray[np.floating]) -> dict[str, StrEnum]:
    """Judge what a picture (H, W, 3) in [0, 1] shows, for each attribute."""
    pixels = torch.tensor(picture).permute(2, 0, 1)[None].float() * 2 - 1
    answers = classifier(pixels).items()
    return {name: classifier.attributes[name][int(logits.argmax())] for name, logits in answers}
