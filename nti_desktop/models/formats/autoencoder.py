"""An autoencoder that lies elsewhere than its model: a folder in the diffusers layout, or one file of its weights under
their original names, as part of a whole model or alone.
"""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.configs import read_config
from nti_desktop.models.formats.foreign import check_beginning
from nti_desktop.models.formats.layout import CLASSES
from nti_desktop.models.formats.weights import check_numbers, open_weights

AUTOENCODER = "autoencoder (VAE)"
_READS, _DRAWS, _LEVEL = "encoder.conv_in.weight", "decoder.conv_in.weight", "decoder.up.0.block.0.conv1.weight"
_LATENT_CHANNELS = 4  # of every family that comes in one file


@dataclass(frozen=True)
class Paired:
    """Where it lies, see ModelFiles: one of both, or neither where a model has its own."""

    folder: Path | None = None
    file: Path | None = None


def is_autoencoder(names: Set[str]) -> bool:
    """Tell whether weights of these names are an autoencoder's and nothing else's."""
    return {_READS, _DRAWS} <= names


def find_autoencoder(path: Path) -> Paired:
    """Say how the autoencoder in this folder or file is used. Its weights are not loaded.

    Raises ModelError in one sentence when there is none that a model can be given.
    """
    try:
        return _in_folder(path) if path.is_dir() else _in_file(path)
    except OSError as error:
        raise ModelError(f"The {AUTOENCODER} “{path.name}” cannot be read: {error.strerror or error}.") from error
    except (SafetensorError, IndexError, ValueError) as error:
        raise ModelError(f"The {AUTOENCODER} “{path.name}” is damaged or incomplete; download it again.") from error


def _in_folder(path: Path) -> Paired:
    for place in (path / "vae", path):
        if (place / "config.json").is_file():
            if read_config(place.parent, f"{place.name}/config.json").get("_class_name") in CLASSES["vae"]:
                return Paired(folder=place)
            break
    raise ModelError(
        f"There is no {AUTOENCODER} in “{path.name}”; choose its file, or the folder with its config.json."
    )


def _in_file(path: Path) -> Paired:
    check_beginning(path)
    with open_weights(path) as weights:
        names = weights.keys()
        before = next((name.removesuffix(_LEVEL) for name in names if name.endswith(_LEVEL)), None)
        if before is None and is_autoencoder(frozenset(names)) and (path.parent / "config.json").is_file():
            return _in_folder(path.parent)
        if before is None or not {before + _READS, before + _DRAWS} <= set(names):
            raise ModelError(f"“{path.name}” holds no {AUTOENCODER} that this program knows; choose another file.")
        if weights.get_slice(before + _DRAWS).get_shape()[1] != _LATENT_CHANNELS:
            raise ModelError(
                f"The {AUTOENCODER} in “{path.name}” is made for models of another kind; choose one that is made for "
                "Stable Diffusion 1, 2 or SDXL."
            )
        check_numbers(weights, f"“{path.name}”")
    return Paired(file=path)
