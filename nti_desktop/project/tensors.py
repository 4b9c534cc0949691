"""An inversion's arrays as safetensors: what the header says is checked before anything is allocated.

Stored in half precision where that loses nothing, else in single.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json
from safetensors.numpy import save

from nti_desktop.project.archive import Unsound
from nti_desktop.project.schema import FrameRecord, InversionRecord
from nti_desktop.recipe.jobs import Arrays
from nti_desktop.recipe.kept_arrays import Extent, KeptArray

MAX_HEADER = 2**16
KINDS = {False: {"F16": "<f2", "F32": "<f4"}, True: {"F64": "<f8"}}  # of doubles and all others
LARGEST = 65504  # of half precision, which models compute in
HEAD = 8 + MAX_HEADER  # bytes that certainly hold the length and the header
MOST = {
    Extent.CHANNELS: 64,
    Extent.HEIGHT: 2**14,
    Extent.WIDTH: 2**14,
    Extent.TOKENS: 2**12,
    Extent.FEATURES: 2**14,
    Extent.NUMBERS: 2**26,
}


@dataclass(frozen=True)
class Place:
    """Where an array lies. start, end: bytes behind the header; kind: of its numbers, as numpy calls it."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """What the arrays of one inversion must look like, known from project.json alone. keeps: see MethodRow."""

    steps: int
    model_width: int
    model_height: int
    keeps: tuple[KeptArray, ...]


def layout(inversion: InversionRecord, frame: FrameRecord) -> Layout:
    """Tell what the arrays of an inversion look like."""
    return Layout(
        steps=inversion.settings.steps,
        model_width=frame.model_width,
        model_height=frame.model_height,
        keeps=inversion.settings.method.row.keeps,
    )


def pack(arrays: Arrays) -> bytes:
    """Write arrays as one safetensors file."""
    return save({name: _as_small_as_it_can_be(array) for name, array in arrays.items()})


def _as_small_as_it_can_be(array: NDArray[np.floating]) -> NDArray[np.floating]:
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    lossless = array.dtype == np.float32 and np.array_equal(half, array)  # another kind is for the reader to refuse
    return np.ascontiguousarray(half) if lossless else np.ascontiguousarray(array)


def unpack(data: bytes, expected: Layout) -> Arrays:
    """Single precision, or double where that is kept. Raises Unsound when the arrays are not those of `expected`, or
    hold numbers that no model can work with.
    """
    places = check_header(data[:HEAD], len(data), expected)
    (length,) = struct.unpack("<Q", data[:8])
    arrays: dict[str, NDArray[np.floating]] = {}
    for name, place in places.items():
        numbers = np.frombuffer(data, place.kind, math.prod(place.shape), 8 + length + place.start)
        array = numbers.reshape(place.shape)
        if not (np.min(array) >= -LARGEST and np.max(array) <= LARGEST):  # also true for NaN
            raise Unsound("the arrays of an inversion hold numbers that are none, or far too large")
        arrays[name] = array.astype(np.float64 if place.kind == "<f8" else np.float32)
    return arrays


def check_header(head: bytes, size: int, expected: Layout) -> dict[str, Place]:
    """Tell by name where the arrays lie, from the first HEAD bytes of a member of `size` bytes; where there are none,
    the last byte, which is blank, may be missing.

    Raises Unsound when the header asks for anything but floating arrays of the expected names and shapes,
    laid one after another up to the last byte.
    """
    if len(head) < 8:
        raise Unsound("the arrays of an inversion are damaged")
    (length,) = struct.unpack("<Q", head[:8])
    if length > MAX_HEADER or 8 + length > size:
        raise Unsound("the arrays of an inversion are damaged")
    try:
        header = from_json(head[8 : 8 + length], allow_inf_nan=False)
    except ValueError as error:
        raise Unsound("the arrays of an inversion are damaged") from error
    if not isinstance(header, dict) or header.keys() - {"__metadata__"} != {kept.name for kept in expected.keeps}:
        raise Unsound("an inversion does not hold the arrays that belong to its method")
    places = {}
    for kept in expected.keeps:
        places[kept.name] = place = _described(header[kept.name], KINDS[kept.double])
        _check_shape(place.shape, kept, expected)
    reached = 0
    for start, end in sorted((place.start, place.end) for place in places.values()):
        if start != reached:
            raise Unsound("the arrays of an inversion overlap or leave gaps")
        reached = end
    if 8 + length + reached != size:
        raise Unsound("the arrays of an inversion are cut short or too long")
    return places


def _described(entry: object, kinds: Mapping[str, str]) -> Place:
    """One array, sizes agreeing. kinds: that it may have."""
    match entry:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(start), int(end)]} if all(
            kind in kinds and type(side) is int and side > 0 for side in shape
        ):
            size = np.dtype(kinds[kind]).itemsize
            for side in shape:
                size *= side
            if start >= 0 and end - start == size:
                return Place(kinds[kind], tuple(shape), start, end)
    raise Unsound("an inversion holds arrays of the wrong kind")


def _check_shape(shape: tuple[int, ...], kept: KeptArray, expected: Layout) -> None:
    """Latents also have the proportions of the picture that the model sees, and no more numbers than it has pixels."""
    fits = kept.fits(shape, {Extent.LEVELS: expected.steps + 1, Extent.STEPS: expected.steps}, MOST)
    if fits and {Extent.HEIGHT, Extent.WIDTH} <= set(kept.shape):
        height, width = shape[kept.shape.index(Extent.HEIGHT)], shape[kept.shape.index(Extent.WIDTH)]
        fits = width * expected.model_height == height * expected.model_width
        numbers = shape[kept.shape.index(Extent.CHANNELS)] * height * width
        fits = fits and numbers <= expected.model_width * expected.model_height
    if not fits:
        raise Unsound(kept.fault)
