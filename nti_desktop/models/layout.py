"""A model folder in the diffusers layout of Stable Diffusion 1 and 2: is it whole, and what sizes does it take?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from nti_desktop.errors import ModelError

WEIGHTS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
CONFIGS = {name: f"{name}/config.json" for name in WEIGHTS} | {"scheduler": "scheduler/scheduler_config.json"}
CLASSES = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
PREDICTIONS = ("epsilon", "v_prediction", "sample")
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
LARGEST_JSON = 1 << 20  # bytes; real configs have a few thousand
SUPPORTED = "add a Stable Diffusion 1 or 2 model in the diffusers layout"

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """native_size: trained side in pixels; multiple: every side of a picture is a multiple of this many pixels."""

    native_size: int
    multiple: int


def check_layout(folder: Path) -> Layout:
    """Check a model folder without loading weights (their headers are read). Raises ModelError in one sentence."""
    name = folder.name or str(folder)
    try:
        _check_folder(folder, name)
        _check_kind(_read_json(folder, "model_index.json"), name)
        configs = {part: _read_json(folder, file) for part, file in CONFIGS.items()}
        layout = _sizes(configs, name)
        if not any((folder / "tokenizer" / file).is_file() for file in ("tokenizer.json", "vocab.json")):
            raise ModelError(f"The model in “{name}” has no tokenizer; add it again, with all its folders.")
        for part in WEIGHTS:
            for file in _weights(folder, part):
                _check_weights(folder, file)
    except OSError as error:
        raise ModelError(f"The model in “{name}” cannot be read: {error.strerror}.") from error
    return layout


def needed_files(folder: Path) -> list[Path]:
    """Every file that decides what a model answers: weights, configs and tokenizer. Raises ModelError or OSError."""
    files = [folder / "model_index.json", *(folder / file for file in CONFIGS.values())]
    for part in WEIGHTS:
        files += _weights(folder, part)
    return files + [file for file in (folder / "tokenizer").iterdir() if file.suffix in (".json", ".txt")]


def _check_folder(folder: Path, name: str) -> None:
    if folder.is_file():
        raise ModelError(f"“{name}” is a single file, and this program reads model folders; {SUPPORTED}.")
    if not folder.is_dir():
        raise ModelError(f"There is no model folder “{folder}”; check its path, or choose the built-in model.")
    if not (folder / "model_index.json").is_file():
        raise ModelError(f"“{name}” is not a model folder, as it has no model_index.json; {SUPPORTED}.")


def _check_kind(index: Config, name: str) -> None:
    if "transformer" in index:
        raise ModelError(f"“{name}” is built around a transformer, which this program cannot use; {SUPPORTED}.")
    if "text_encoder_2" in index:
        raise ModelError(f"“{name}” has more than one text encoder, which this program cannot use; {SUPPORTED}.")
    for part, classes in CLASSES.items():
        entry = index.get(part)
        if entry is None or entry == [None, None]:
            raise ModelError(f"The model in “{name}” has no {part}; {SUPPORTED}.")
        if not (isinstance(entry, list) and len(entry) == 2 and entry[1] in classes):
            raise ModelError(f"The {part} of “{name}” is of a kind this program cannot use; {SUPPORTED}.")


def _sizes(configs: Mapping[str, Config], name: str) -> Layout:
    """The sizes a picture may have, once the parts are known to fit one another."""
    unet, vae = configs["unet"], configs["vae"]
    latent_channels = _number(vae, "latent_channels", 1, 64, f"{name}/vae")
    channels = _number(unet, "in_channels", 1, 64, f"{name}/unet")
    if channels == 2 * latent_channels + 1:
        raise ModelError(f"“{name}” is an inpainting model, which takes a mask as well; {SUPPORTED}.")
    if channels != latent_channels:
        raise ModelError(f"The UNet of “{name}” takes more than a picture; {SUPPORTED}.")
    if unet.get("addition_embed_type") or unet.get("class_embed_type") or unet.get("encoder_hid_dim_type"):
        raise ModelError(f"The UNet of “{name}” takes more than a picture and a text; {SUPPORTED}.")
    width = _number(configs["text_encoder"], "hidden_size", 8, 8192, f"{name}/text_encoder")
    if _number(unet, "cross_attention_dim", 8, 8192, f"{name}/unet") != width:
        raise ModelError(f"The UNet and the text encoder of “{name}” do not belong together; add the model again.")
    if configs["scheduler"].get("prediction_type", "epsilon") not in PREDICTIONS:
        raise ModelError(f"“{name}” predicts something this program does not know; {SUPPORTED}.")
    pixels_per_latent = 2 ** (_levels(vae, f"{name}/vae") - 1)
    latents_per_cell = 2 ** (_levels(unet, f"{name}/unet") - 1)
    native_size = pixels_per_latent * _number(unet, "sample_size", 4, 512, f"{name}/unet")
    multiple = pixels_per_latent * latents_per_cell
    if native_size % multiple:
        raise ModelError(f"The sizes in “{name}” do not fit one another; add the model again.")
    return Layout(native_size, multiple)


def _levels(config: Config, where: str) -> int:
    """Number of resolutions of a UNet or an autoencoder; each halves the one before."""
    channels = config.get("block_out_channels")
    if not (isinstance(channels, list) and 1 <= len(channels) <= 8 and all(type(c) is int for c in channels)):
        raise ModelError(f"The configuration in “{where}” has no usable block_out_channels; add the model again.")
    return len(channels)


def _number(config: Config, key: str, low: int, high: int, where: str) -> int:
    value = config.get(key)
    if type(value) is not int or not low <= value <= high:
        raise ModelError(f"The configuration in “{where}” has no usable {key}; add the model again.")
    return value


def _read_json(folder: Path, file: str) -> Config:
    path = folder / file
    if not path.is_file():
        raise ModelError(f"The model in “{folder.name}” lacks {file}; add it again, with all its folders.")
    if path.stat().st_size > LARGEST_JSON:
        raise ModelError(f"{file} in “{folder.name}” is far too large for a configuration; add the model again.")
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # broken text, broken JSON, numbers of thousands of digits
        raise ModelError(f"{file} in “{folder.name}” is damaged; add the model again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file} in “{folder.name}” is not a configuration; add the model again.")
    return content


def _weights(folder: Path, part: str) -> list[Path]:
    """The safetensors of one part, in one file or in pieces with their index."""
    single = folder / part / f"{WEIGHTS[part]}.safetensors"
    if single.is_file():
        return [single]
    index = f"{part}/{WEIGHTS[part]}.safetensors.index.json"
    if (folder / index).is_file():
        return [folder / index, *_pieces(folder, part, index)]
    others = sorted(path for path in (folder / part).iterdir() if path.is_file()) if (folder / part).is_dir() else []
    named = [path.name for path in others if path.suffix == ".safetensors"]
    if named:
        raise ModelError(f"The {part} of “{folder.name}” has its weights in {named[0]}; rename it to {single.name}.")
    if any(path.suffix in PICKLED for path in others):
        raise ModelError(
            f"The {part} of “{folder.name}” has only pickled weights, which could run any program; "
            "add the model with safetensors weights."
        )
    raise ModelError(f"The {part} of “{folder.name}” has no weights; add the model again, with all its files.")


def _pieces(folder: Path, part: str, index: str) -> list[Path]:
    table = _read_json(folder, index).get("weight_map")
    names = (
        set(table.values()) if isinstance(table, dict) and all(isinstance(v, str) for v in table.values()) else set()
    )
    if not names or any(Path(name).name != name for name in names):
        raise ModelError(f"{index} in “{folder.name}” is damaged; add the model again.")
    for name in sorted(names):
        if not (folder / part / name).is_file():
            raise ModelError(f"The model in “{folder.name}” lacks {part}/{name}; add it again, with all its files.")
    return [folder / part / name for name in sorted(names)]


def _check_weights(folder: Path, file: Path) -> None:
    """The header of a safetensors file fits its length, so the file is whole."""
    if file.suffix != ".safetensors":
        return
    try:
        with safe_open(file, framework="numpy"):
            pass
    except SafetensorError as error:
        where = file.relative_to(folder).as_posix()
        raise ModelError(f"{where} in “{folder.name}” is damaged or incomplete; add the model again.") from error
