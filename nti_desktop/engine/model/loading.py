"""From files to a DiffusionModel: the diffusers layout, or one file with the original names. Never the network."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource
from nti_desktop.engine.memory.device import find_device
from nti_desktop.engine.memory.faults import is_device_fault, ran_out_of_memory
from nti_desktop.engine.memory.precision import Precision, network_dtype
from nti_desktop.engine.model.additions import add_all
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.preview_decoder import load_preview_decoder
from nti_desktop.engine.model.single_file import read_part
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.recipe.jobs import ModelFiles

diffusers_logging.set_verbosity_error()
diffusers_logging.disable_progress_bar()
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

KINDS: dict[str, Any] = {
    "unet": UNet2DConditionModel,
    "vae": AutoencoderKL,
    "text_encoder": CLIPTextModel,
    "text_encoder_2": CLIPTextModelWithProjection,
}

_INDEX, _OTHER_PARTS = "model_index.json", ("tokenizer", "tokenizer_2", "scheduler")

Stamps = Mapping[Path, tuple[int, int]]  # size in bytes and time of change in ns, by file


def stamps_of(files: ModelFiles) -> Stamps:
    """Note the size and the time of change of each file that decides what a model answers."""
    single = (files.folder / _INDEX, files.single, files.autoencoder_file, *(each.file for each in files.additions))
    places = [files.place_of(part) for part in (*KINDS, *_OTHER_PARTS)]
    paths = [*filter(None, single), *(file for place in places if place.is_dir() for file in place.iterdir())]
    return {path: stamp for path in paths if (stamp := _stamp(path)) is not None}


def is_unchanged(stamps: Stamps) -> bool:
    """Tell whether files are as they were noted. Those that are gone, as their drive is, count as unchanged."""
    return all(_stamp(path) in (None, stamp) for path, stamp in stamps.items())


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def load_model(
    files: ModelFiles, device: torch.device | None = None, dtype: torch.dtype | None = None
) -> DiffusionModel:
    """Load a model (safetensors only) onto a device, the best one by default. dtype: of the UNet.

    Raises ModelError in one sentence when a part is missing, broken or incomplete, unless it is the preview decoder.
    """
    device = device or find_device()
    dtype = dtype or network_dtype(device)
    preview = files.preview_decoder
    try:
        index = _read_json(files.folder / _INDEX)
        names = [name for name in KINDS if name in ("unet", "vae") or index.get(name, [None])[0] is not None]
        parts = {name: _load_part(files, name, dtype) for name in names}
        encoders = [name for name in names if name.startswith("text_encoder")]
        tokenizers = tuple(_tokenizer(files.folder / name.replace("text_encoder", "tokenizer")) for name in encoders)
        networks = {name: parts[name] for name in ("unet", *encoders)}
        learned = add_all(networks, files.additions, tokenizers[0].eos_token_id)
        return DiffusionModel(
            unet=parts["unet"],
            vae=parts["vae"],
            text=PromptReader(
                tokenizers,
                tuple(parts[name] for name in encoders),
                zeros_for_nothing=bool(index.get("force_zeros_for_empty_prompt", False)),
                learned=learned,
            ),
            scheduler_config=_read_json(files.folder / "scheduler" / "scheduler_config.json") | dict(files.schedule),
            device=device,
            precision=Precision(dtype, network_dtype(device)),
            image_adapter=next((each for each in files.additions if each.image_encoder), None),
            preview_decoder=None if preview is None else load_preview_decoder(preview),
        )
    except ModelError:
        raise
    except Exception as error:  # the loaders raise whatever their parsers raise; the cause is kept for the log
        if ran_out_of_memory(error) or is_device_fault(error):
            raise
        places = (files.single or files.folder, files.paired)
        if gone := next((place for place in places if place is not None and not os.path.exists(place)), None):
            raise ModelError(f"“{gone}” is not there; plug in its drive, or choose another model.") from error
        raise ModelError(
            f"The model in “{places[0].name}” cannot be loaded, as it is damaged or incomplete; add it again."
        ) from error


def _read_json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return content


def _load_part(files: ModelFiles, name: str, dtype: torch.dtype) -> Any:
    kind, file = KINDS[name], files.file_of(name)
    if file is not None:
        return read_part(file, files.folder, name, kind, dtype)
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    if name in files.half:
        options["variant"] = "fp16"
    if name in ("unet", "vae"):
        # The other way needs accelerate. The UNet never takes more memory than it will have.
        options |= {"low_cpu_mem_usage": False, "torch_dtype": dtype if name == "unet" else torch.float32}
    else:
        options["dtype"] = torch.float32
    part, info = kind.from_pretrained(files.place_of(name), **options)
    missing = info["missing_keys"] or info.get("mismatched_keys")
    if missing:
        raise ModelError(f"The model's “{name}” lacks weights ({sorted(map(str, missing))[0]}); add it again.")
    return part


def _tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder; one without a vocabulary says only how CLIP's own is padded."""
    if any((folder / file).is_file() for file in ("tokenizer.json", "vocab.json")):
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    config: Mapping[str, Any] = _read_json(folder / "tokenizer_config.json")
    clip = resource("models", "configs", "clip_tokenizer")
    return CLIPTokenizer.from_pretrained(clip, local_files_only=True, pad_token=config["pad_token"])
