"""The weights of a model folder's parts: which files they are, and whether those are whole. Nothing is loaded."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from nti_desktop.core import disk
from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.configs import read_config

WEIGHTS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
}
HALF = ".fp16"  # the variant in half precision
_IN_PIECES_FIRST = ("unet", "vae")  # of both forms diffusers reads the pieces, and transformers the one file
_PIECE = re.compile(r"-\d+-of-\d+\.")
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
NUMBERS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")  # in which weights may be saved
# What is saved beside weights that were squeezed into fewer bits, and belongs to them.
SQUEEZED = (
    "scaled_fp8",
    *(".scale_weight", ".weight_scale", ".comfy_quant", ".absmax", ".quant_map", ".qweight", ".SCB", ".weight_format"),
)


def weight_files(place: Path, part: str) -> list[Path]:
    """The safetensors of one part, in one file or in pieces with their index; the fp16 variant where it is alone.

    place: folder of the part. Raises ModelError in one sentence when there are none that can be used.
    """
    name = place.parent.name
    tables = {variant: place / f"{WEIGHTS[part]}.safetensors.index{variant}.json" for variant in ("", HALF)}
    for variant, table in tables.items():  # of the names that diffusers and transformers give them
        single = place / f"{WEIGHTS[part]}{variant}.safetensors"
        if table.is_file() and (part in _IN_PIECES_FIRST or not single.is_file()):
            return [table, *_pieces(table)]
        if single.is_file():
            return [single]
    others = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else []
    named = [path.name for path in others if path.suffix.casefold() == ".safetensors"]
    if any(_PIECE.search(file) for file in named):
        lacking = tables[HALF if HALF in named[0] else ""].name
        raise ModelError(
            f"The {part} of “{name}” lacks {lacking}, which says how its weights lie in pieces; add the model again, "
            "with all its files."
        )
    if named:
        wanted = f"{WEIGHTS[part]}.safetensors"
        raise ModelError(f"The {part} of “{name}” has its weights in {named[0]}; rename it to {wanted}.")
    if any(path.suffix.casefold() in PICKLED for path in others):
        raise ModelError(
            f"The {part} of “{name}” has only pickled weights, which could run any program; "
            "add the model with safetensors weights."
        )
    raise ModelError(f"The {part} of “{name}” has no weights; add the model again, with all its files.")


def _pieces(index: Path) -> list[Path]:
    place = index.parent
    folder = place.parent
    table = read_config(folder, f"{place.name}/{index.name}").get("weight_map")
    names = (
        set(table.values()) if isinstance(table, dict) and all(isinstance(v, str) for v in table.values()) else set()
    )
    if not names or any(Path(name).name != name or not name.endswith(".safetensors") for name in names):
        raise ModelError(f"{place.name}/{index.name} in “{folder.name}” is damaged; add the model again.")
    for name in sorted(names):
        if not (place / name).is_file():
            raise ModelError(
                f"The model in “{folder.name}” lacks {place.name}/{name}; add it again, with all its files."
            )
    return [place / name for name in sorted(names)]


def check_weights(file: Path) -> None:
    """The header of a safetensors file fits its length, so the file is whole, and its weights are plain numbers.

    Raises ModelError in one sentence, OSError.
    """
    if file.suffix != ".safetensors":
        return
    part, model = file.parent.name, file.parents[1].name
    try:
        with open_weights(file) as weights:
            check_numbers(weights, f"{part}/{file.name} in “{model}”")
    except SafetensorError as error:
        raise ModelError(f"{part}/{file.name} in “{model}” is damaged or incomplete; add the model again.") from error


def open_weights(file: Path) -> safe_open:
    """The header of a safetensors file, its tensors as numpy arrays. Raises OSError, SafetensorError."""
    disk.open_to_read(file).close()  # of a file that may not be read, safetensors says that there is none
    return safe_open(file, framework="numpy")


def check_numbers(weights: Any, where: str) -> None:
    """Raise ModelError where weights were squeezed, so that reading them takes more than their own numbers.

    where: the file, as a sentence begins.
    """
    names = weights.keys()
    kinds = {weights.get_slice(name).get_dtype() for name in names if name.endswith(".weight")}
    if any(name.endswith(SQUEEZED) or "quant_state." in name for name in names) or not kinds <= set(NUMBERS):
        raise ModelError(
            f"{where} holds weights that were squeezed into 8 bits or fewer, with scales beside them, which this "
            "program cannot use; add the same model in fp16 or fp32."
        )


def read_tensor(file: Path, name: str) -> NDArray[np.float32]:
    """Read one tensor of a safetensors file whose header is known to be whole, also where numpy has no such numbers.

    Returns it flat. Raises OSError, KeyError.
    """
    with disk.open_to_read(file) as stream:
        length = int.from_bytes(stream.read(8), "little")
        said = json.loads(stream.read(length))[name]
        begin, end = said["data_offsets"]
        stream.seek(8 + length + begin)
        data = stream.read(end - begin)
    match said["dtype"]:
        case "F64" | "F32" | "F16" as kind:
            return np.frombuffer(data, f"<f{int(kind[1:]) // 8}").astype(np.float32)
        case "BF16":  # the upper half of a float32
            return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        case "F8_E5M2":  # the upper half of a float16
            return (np.frombuffer(data, np.uint8).astype(np.uint16) << 8).view(np.float16).astype(np.float32)
        case "F8_E4M3":  # a float16 of fewer digits, and of an exponent that is counted from 7 and not from 15
            bits = np.frombuffer(data, np.uint8).astype(np.uint16)
            return ((bits & 0x80) << 8 | (bits & 0x7F) << 7).view(np.float16).astype(np.float32) * 2**8
        case other:
            raise KeyError(other)
