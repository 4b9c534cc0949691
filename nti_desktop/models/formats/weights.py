"""The weights of a model folder's parts: which files they are, and whether those are whole. Nothing is loaded."""

from pathlib import Path

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
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


def weight_files(place: Path, part: str) -> list[Path]:
    """The safetensors of one part, in one file or in pieces with their index; the fp16 variant where it is alone.

    place: folder of the part. Raises ModelError in one sentence when there are none that can be used.
    """
    name = place.parent.name
    single, half = (place / f"{WEIGHTS[part]}{variant}.safetensors" for variant in ("", HALF))
    if single.is_file():
        return [single]
    index = place / f"{WEIGHTS[part]}.safetensors.index.json"
    if index.is_file():
        return [index, *_pieces(index)]
    if half.is_file():
        return [half]
    others = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else []
    named = [path.name for path in others if path.suffix == ".safetensors"]
    if named:
        wanted = f"{WEIGHTS[part]}.safetensors"
        raise ModelError(f"The {part} of “{name}” has its weights in {named[0]}; rename it to {wanted}.")
    if any(path.suffix in PICKLED for path in others):
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
    if not names or any(Path(name).name != name for name in names):
        raise ModelError(f"{place.name}/{index.name} in “{folder.name}” is damaged; add the model again.")
    for name in sorted(names):
        if not (place / name).is_file():
            raise ModelError(
                f"The model in “{folder.name}” lacks {place.name}/{name}; add it again, with all its files."
            )
    return [place / name for name in sorted(names)]


def check_weights(file: Path) -> None:
    """The header of a safetensors file fits its length, so the file is whole."""
    if file.suffix != ".safetensors":
        return
    try:
        with open_weights(file):
            pass
    except SafetensorError as error:
        part, model = file.parent.name, file.parents[1].name
        raise ModelError(f"{part}/{file.name} in “{model}” is damaged or incomplete; add the model again.") from error


def open_weights(file: Path) -> safe_open:
    """The header of a safetensors file, its tensors as numpy arrays. Raises OSError, SafetensorError."""
    disk.open_to_read(file).close()  # of a file that may not be read, safetensors says that there is none
    return safe_open(file, framework="numpy")
