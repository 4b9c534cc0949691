"""What goes to the engine and what comes back: frozen, numpy only, so no caller needs torch for it."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.costs import Conditions, Speeds
from nti_desktop.recipe.memory import Forecast
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

Arrays = Mapping[str, NDArray[np.floating]]  # of an inversion, by the names of MethodRow.keeps


# (H, W, 3) uint8 sRGB at the size a model sees, or what makes it where the job is done, as a large photo takes a second
Seen = NDArray[np.uint8] | Callable[[], NDArray[np.uint8]]


def seen_of(image: Seen) -> NDArray[np.uint8]:
    """The picture of a job, made now if it was not; raises PhotoError when that is not possible."""
    return image() if callable(image) else image


class ArraysReadLater(Mapping[str, NDArray[np.floating]]):
    """Arrays that are read when somebody looks at them, who then meets what reading raises; for any thread."""

    def __init__(self, read: Callable[[], Arrays]) -> None:
        self._read = cache(read)

    def __getitem__(self, name: str) -> NDArray[np.floating]:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


class DecoderKind(StrEnum):
    """What preview decoders can be, by the class name in their configuration."""

    TINY = "AutoencoderTiny"  # of diffusers, as TAESD is one
    SUB_PIXEL = "SubPixelDecoder"  # this program's own


@dataclass(frozen=True)
class DecoderStructure:
    """How a preview decoder is built.

    latent_channels: of what it reads; widths: channels at each resolution, the latents' first; blocks: residual blocks
    at each; factors: how much larger a side each resolution hands on; activation, enlarging: of an AutoencoderTiny, in
    diffusers' words; scaling_factor: latents as the UNet sees them are divided by it.
    """

    kind: DecoderKind
    latent_channels: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    factors: tuple[int, ...]
    activation: str = "relu"
    enlarging: str = "nearest"
    scaling_factor: float = 1.0

    @property
    def factor(self) -> int:
        """Pixels of a picture's side to one of its latents'."""
        return math.prod(self.factors)


@dataclass(frozen=True)
class PreviewDecoder:
    """A small decoder for previews. weights: a safetensors file."""

    structure: DecoderStructure
    weights: Path


@dataclass(frozen=True, order=True)
class Addition:
    """What is added to a model: a LoRA, a word that was learned (textual inversion), or what reads pictures beside the
    words (an IP-Adapter).

    file: safetensors; word: by which sentences call what was learned, empty for all else; weight: how much of a LoRA is
    added; alphas: what the file says beside its weights of how it is scaled, by the part or the layer that it is said
    of, empty for all; image_encoder: folder or file of what an IP-Adapter stands on, None for all else.
    """

    file: Path
    word: str = ""
    weight: float = 1.0
    alphas: tuple[tuple[str, float], ...] = ()
    image_encoder: Path | None = None

    @property
    def kind(self) -> str:
        """What it is, for people."""
        return "IP-Adapter" if self.image_encoder else "embedding" if self.word else "LoRA"


@dataclass(frozen=True)
class ModelFiles:
    """Where a model's parts lie.

    folder: configurations, tokenizers and, unless there is a `single` file, weights, in the diffusers layout; single:
    one file with all weights under their original names; autoencoder: folder of one that lies elsewhere, configuration
    and weights, and stands in place of the model's own, None where it has one; autoencoder_file: likewise of one in a
    file, which is read by the model's own configuration; half: parts whose weights are there in half precision only
    (the fp16 variant); schedule: what a single file says of its noise schedule, in the terms of the configuration;
    additions: those that change something, in a fixed order;
    preview_decoder: None where there is none. It changes no result, so files that differ in it alone are equal, and one
    that turns up while the model is loaded is read with the next loading.
    """

    folder: Path
    single: Path | None = None
    autoencoder: Path | None = None
    autoencoder_file: Path | None = None
    half: frozenset[str] = frozenset()
    schedule: tuple[tuple[str, str | bool], ...] = ()
    additions: tuple[Addition, ...] = ()
    preview_decoder: PreviewDecoder | None = field(default=None, compare=False)

    @property
    def altering(self) -> tuple[Addition, ...]:
        """Those additions that change what the model answers to words alone."""
        return tuple(each for each in self.additions if each.image_encoder is None)

    @property
    def paired(self) -> Path | None:
        """Where an autoencoder lies that stands in place of the model's own; None where it has its own."""
        return self.autoencoder_file or self.autoencoder

    def place_of(self, part: str) -> Path:
        """Name the folder of a part, "unet", "vae", …, with its configuration."""
        if part == "vae" and self.autoencoder is not None:
            return self.autoencoder
        return self.folder / part

    def file_of(self, part: str) -> Path | None:
        """Name the file that holds a part's weights under their original names; None where they lie in its folder."""
        if part == "vae" and (self.autoencoder is not None or self.autoencoder_file is not None):
            return self.autoencoder_file
        return self.single


@dataclass(frozen=True, eq=False)
class InvertJob:
    """Invert one picture with a model."""

    model: ModelFiles
    image: Seen
    settings: InversionSettings


@dataclass(frozen=True)
class Figures:
    """What an inversion or a render cost and gave.

    unet_rows: UNet evaluations of one latent, counted by a hook, a backward counting one; reconstruction_psnr: dB,
    the unpinned reconstruction against the autoencoder's own, None where nothing was reconstructed; precision: see
    Measured, as it was in the end; explained: how much of the photo its description tells the model, at most 1, None
    where nothing was described.
    """

    seconds: float
    unet_rows: int
    reconstruction_psnr: float | None = None
    inner_steps: int | None = None
    precision: str = ""
    explained: float | None = None


@dataclass(frozen=True, eq=False)
class Inversion:
    """A photo's inversion. arrays: what its method keeps, in values that half precision can hold unless
    they are doubles;
    reconstruction: (H, W, 3) float32 in [0, 1], what the guided branch alone makes of z*_T, None where nothing was
    prepared.
    """

    settings: InversionSettings
    arrays: Arrays
    reconstruction: NDArray[np.float32] | None
    figures: Figures


@dataclass(frozen=True, eq=False)
class RenderJob:
    """Render one edit of an inversion. inversion_id: key under which the engine remembers the source's attention;
    arrays: see Inversion; steps: of a preview, how many of the inversion's levels to stand on, None for a final
    picture, which takes as many as it needs; image: None where the arrays hold the photo; image_prompt: (SIDE, SIDE, 3)
    uint8 sRGB, the recipe's, where it has one.
    """

    model: ModelFiles
    inversion_id: str
    settings: InversionSettings
    arrays: Arrays
    recipe: EditRecipe
    steps: int | None = None
    image: Seen | None = None
    image_prompt: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Rendered:
    """One rendered edit, at the model's size.

    image, source: (H, W, 3) float32 sRGB in [0, 1], the edit and the photo, both drawn by the autoencoder or, of a
    preview, both by the model's preview decoder where it has one: what is laid into the photo is their difference;
    latents: (C, h, w) float32; mask: (H, W) float32 in [0, 1], where the change is confined to (None: everywhere);
    coverage: fraction of the frame inside the mask, 1.0 without one; word_maps: (edit words, gh, gw) float32, where
    each word of the edit looked, each divided by its maximum, none where the
    method does not look at them; changed: fraction of the pixels that differ visibly
    (> 8/255) from the source.
    """

    recipe: EditRecipe
    image: NDArray[np.float32]
    source: NDArray[np.float32]
    latents: NDArray[np.float32]
    mask: NDArray[np.float32] | None
    coverage: float
    word_maps: NDArray[np.float32]
    changed: float
    figures: Figures


@dataclass(frozen=True)
class Device:
    """What can compute. kind: "cuda", "xpu", "mps" or "cpu", with a number for one of several cards, "cuda:1"; name: in
    words.
    """

    kind: str
    name: str


@dataclass(frozen=True, eq=False)
class MeasureJob:
    """Ask how well a model's autoencoder can draw a picture and what jobs will take.

    steps, self_limit: of the edits that are expected; known: looks up the model's speeds, which are measured where it
    finds none.
    """

    model: ModelFiles
    image: Seen
    steps: int = PUBLISHED_STEPS
    self_limit: float = EditDefaults.self_limit
    known: Callable[[Conditions], Speeds | None] = lambda _: None


@dataclass(frozen=True, eq=False)
class LookJob:
    """Ask how a model would tell a picture's look."""

    model: ModelFiles
    image: Seen
    question: LookQuestion


@dataclass(frozen=True)
class Measured:
    """autoencoder_psnr: dB of the picture's way through the autoencoder and back, both at half their size, because
    grain that no autoencoder keeps says nothing; speeds: of the model at this size; device: name
    of the one that computed, kind: its kind; devices: all there are, the best first; precision: of the UNet, in words;
    forecast: None where it was not made; passed_over: why graphics cards that are there are not used, in sentences;
    conditions: what the speeds hold for.
    """

    autoencoder_psnr: float
    speeds: Speeds
    device: str
    kind: str = "cpu"
    devices: tuple[Device, ...] = ()
    precision: str = ""
    forecast: Forecast | None = None
    passed_over: tuple[str, ...] = ()
    conditions: Conditions | None = None
