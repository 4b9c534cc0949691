"""One file with all the weights of a model under their original names: what is it? Only its header is read, and at
most one tensor.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from nti_desktop.core import disk
from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource
from nti_desktop.models.families import FAMILIES, Family
from nti_desktop.models.formats.configs import SUPPORTED
from nti_desktop.models.formats.layout import Layout, refused_channels, shipped_layout
from nti_desktop.models.formats.weights import open_weights

UNET, VAE = "model.diffusion_model.", "first_stage_model."
FIRST, WORDS = f"{UNET}input_blocks.0.0.weight", "attn2.to_k.weight"
LATENT_CHANNELS = 4  # of every family that comes in one file
REFINER = "conditioner.embedders.0.model."
TRANSFORMERS = ("double_blocks.", "joint_blocks.", "single_transformer_blocks.", "transformer_blocks.")
ADDITIONS = ("lora_", ".lora.", "lora_A", "lora_down")
V_PREDICTION, ZERO_SNR = "v_pred", "ztsnr"  # empty tensors by which trainers mark SDXL relatives
# A weight that tells the two Stable Diffusion 2.1 apart where nothing else does, and the spread that v-models exceed.
# Known practice of other programs, not measured here.
TELLING, V_SPREAD = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias", 0.09


@dataclass(frozen=True)
class SingleFile:
    """configs: folder of the published configuration, layout: of that; schedule: see ModelFiles."""

    configs: Path
    schedule: tuple[tuple[str, str | bool], ...]
    layout: Layout


def check_single_file(file: Path) -> SingleFile:
    """Say what a file of weights is. Raises ModelError in one sentence when it cannot be used."""
    name = file.name
    if file.suffix != ".safetensors":
        raise ModelError(
            f"“{name}” is not a safetensors file, and other kinds of weights could run any program; {SUPPORTED} in one."
        )
    try:
        with open_weights(file) as weights:
            names = frozenset(weights.keys())
            family = _family(names, name)
            channels = weights.get_slice(FIRST).get_shape()[1]
            if sentence := refused_channels(channels, LATENT_CHANNELS, name):
                raise ModelError(sentence)
            schedule = _schedule(file, family, names, weights)
    except OSError as error:
        raise ModelError(f"The model “{name}” cannot be read: {error.strerror or error}.") from error
    except (SafetensorError, IndexError) as error:
        raise ModelError(f"“{name}” is damaged or incomplete; add the model again.") from error
    predicts_noise = ("prediction_type", "epsilon") in schedule
    configs = resource("models", "configs", (predicts_noise and family.noise_configs) or family.configs)
    return SingleFile(configs, schedule, replace(shipped_layout(configs), takes_orders=channels == 2 * LATENT_CHANNELS))


def _family(names: frozenset[str], name: str) -> Family:
    def holds(*prefixes: str) -> bool:
        return any(weight.startswith(prefixes) for weight in names)

    if any(mark in weight for weight in names for mark in ADDITIONS):
        raise ModelError(f"“{name}” is an addition to a model (LoRA), which this program cannot use; {SUPPORTED}.")
    if holds(*TRANSFORMERS, *(UNET + part for part in TRANSFORMERS)):
        raise ModelError(f"“{name}” is built around a transformer, which this program cannot use; {SUPPORTED}.")
    if holds(REFINER):
        raise ModelError(f"“{name}” is a refiner, which only finishes another model's pictures; {SUPPORTED}.")
    text = [family for family in FAMILIES if all(holds(encoder) for encoder in family.text_encoders)]
    if FIRST not in names and not text and not holds(VAE):
        raise ModelError(f"“{name}” is not a Stable Diffusion model that this program knows; {SUPPORTED}.")
    lacking = [
        part
        for part, there in (("UNet", FIRST in names), ("text encoder", text), ("autoencoder (VAE)", holds(VAE)))
        if not there
    ]
    if lacking:
        raise ModelError(f"“{name}” lacks the model's {' and '.join(lacking)}; use a file that holds all of it.")
    return text[0]


def _schedule(file: Path, family: Family, names: frozenset[str], weights: Any) -> tuple[tuple[str, str | bool], ...]:
    """Read what the file says of the noise schedule.

    Where models of the family predict either the noise or v, the prediction is always part of it; where nothing states
    it, it is guessed from a weight.
    """
    prediction = _stated_prediction(file, names, weights.metadata() or {})
    if family.noise_configs and prediction is None:
        prediction = "v_prediction" if _looks_like_v(names, weights) else "epsilon"
    said: list[tuple[str, str | bool]] = [] if prediction is None else [("prediction_type", prediction)]
    return tuple(said + ([("rescale_betas_zero_snr", True)] if ZERO_SNR in names else []))


def _stated_prediction(file: Path, names: frozenset[str], metadata: dict[str, str]) -> str | None:
    """By a marker among the weights, by the file's metadata, or by the settings that lie beside it."""
    if V_PREDICTION in names:
        return "v_prediction"
    stated = metadata.get("modelspec.prediction_type", "").casefold()
    if stated.startswith("v") or metadata.get("modelspec.architecture", "").endswith("-v"):
        return "v_prediction"
    if stated.startswith("eps"):
        return "epsilon"
    beside = file.with_suffix(".yaml")
    if beside.is_file() and beside.stat().st_size <= 1 << 16:
        lines = disk.read_bytes(beside).decode("utf-8", "replace").splitlines()
        told = [line.partition(":")[2].strip(" \"'") for line in lines if line.strip().startswith("parameterization:")]
        return {"v": "v_prediction", "eps": "epsilon"}.get(told[0]) if told else "epsilon"
    return None


def _looks_like_v(names: frozenset[str], weights: Any) -> bool:
    try:
        spread = float(np.std(weights.get_tensor(TELLING).astype(np.float32))) if TELLING in names else np.inf
    except (TypeError, SafetensorError):  # numpy has no bfloat16
        return True
    return spread > V_SPREAD
