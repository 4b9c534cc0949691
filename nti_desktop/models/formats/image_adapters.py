"""IP-Adapters (Ye et al. 2023, arXiv 2308.06721): files by which a model reads a picture beside the words.

They stand on image encoders: folders that lie beside them as they were published, or files in the folder where ComfyUI
keeps those. Only headers are read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.configs import read_config
from nti_desktop.models.formats.weights import check_weights, open_weights

_PICTURE, _LAYERS = "image_proj.", "ip_adapter."
_PLAIN = {f"{_PICTURE}{name}" for name in ("proj.weight", "proj.bias", "norm.weight", "norm.bias")}
_ENCODER = "image_encoder"
_PLACES = (_ENCODER, f"../{_ENCODER}", f"../models/{_ENCODER}")  # from the adapter's folder
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_FILES = "../clip_vision"  # ComfyUI's folder of image encoders, from the one of its adapters
_TOLD_BY = {"hidden_size": "vision_model.embeddings.class_embedding", "projection_dim": "visual_projection.weight"}

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class ImageAdapter:
    """width: numbers of a token, as the UNet reads words; encoder: folder or file of the image encoder."""

    width: int
    encoder: Path


def is_image_adapter(names: Iterable[str]) -> bool:
    """Tell by the names of a file's weights whether it is an IP-Adapter of any kind."""
    return any(name.startswith(_LAYERS) for name in names)


def image_adapter(file: Path, shapes: Shapes) -> ImageAdapter:
    """Say what an IP-Adapter is made for. shapes: of its weights. Raises ModelError for kinds that read other things
    than pictures as a whole, and where its image encoder is not beside it.
    """
    picture = {name for name in shapes if name.startswith(_PICTURE)}
    strange = next((name for name in shapes if not name.startswith((_PICTURE, _LAYERS))), None)
    if strange is not None:
        raise ModelError(
            f"“{file.name}” holds “{strange}”, which no IP-Adapter has that this program can use; choose a plain one, "
            "or one that is called “plus”."
        )
    own = all(n.endswith((".to_k_ip.weight", ".to_v_ip.weight")) for n in shapes if n.startswith(_LAYERS))
    fine = f"{_PICTURE}latents" in picture  # “plus”: it reads the picture's patches, not only the picture as a whole
    if not own or not (picture == _PLAIN or fine):
        raise ModelError(
            f"“{file.name}” is an IP-Adapter for faces, which this program cannot use; choose a plain one, or one that "
            "is called “plus”."
        )
    norm, read, said = (
        ("norm_out.weight", "proj_in.weight", "hidden_size")
        if fine
        else ("norm.weight", "proj.weight", "projection_dim")
    )
    width, reads = shapes.get(_PICTURE + norm, ()), shapes.get(_PICTURE + read, ())
    if len(width) != 1 or len(reads) != 2:
        raise ModelError(f"“{file.name}” is a damaged IP-Adapter; get it again.")
    return ImageAdapter(width[0], _encoder(file, said, reads[1]))


def _encoder(file: Path, said: str, numbers: int) -> Path:
    """Find the image encoder that gives so many numbers. said: where its configuration says how many."""
    there = [folder for folder in (file.parent / place for place in _PLACES) if (folder / _CONFIG).is_file()]
    for folder in there:
        if read_config(folder, _CONFIG).get(said) == numbers:
            if not (folder / _WEIGHTS).is_file():
                raise ModelError(f"“{folder}” lacks {_WEIGHTS}; get the image encoder of “{file.name}” again.")
            check_weights(folder / _WEIGHTS)
            return folder.resolve()
    for single in sorted((file.parent / _FILES).glob("*.safetensors")):
        if _gives(single, _TOLD_BY[said]) == numbers:
            return single.resolve()
    wrong = f", and “{there[0]}” is another one" if there else ""
    raise ModelError(
        f"“{file.name}” reads pictures by an image encoder that is not beside it{wrong}; put the folder "
        f"“{_ENCODER}” that was published with it into “{file.parent}”."
    )


def _gives(file: Path, weight: str) -> int | None:
    """Count the rows of a weight; None where a file has none of this name, or is none of weights."""
    try:
        with open_weights(file) as weights:
            return next(iter(weights.get_slice(weight).get_shape()), None)
    except (OSError, SafetensorError):
        return None
