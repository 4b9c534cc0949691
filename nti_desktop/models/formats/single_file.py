"""One file with all the weights of a model under their original names: what is it? Only its header is read, and at
most one tensor.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from nti_desktop.core import disk
from nti_desktop.core.errors import AutoencoderMissing, ModelError
from nti_desktop.core.resources import resource
from nti_desktop.models.families import FAMILIES, Family, few_steps_of
from nti_desktop.models.formats.autoencoder import AUTOENCODER, Paired, is_autoencoder
from nti_desktop.models.formats.configs import SUPPORTED
from nti_desktop.models.formats.foreign import UNET, check_beginning, check_names, part_alone
from nti_desktop.models.formats.layout import Layout, check_channels, shipped_layout
from nti_desktop.models.formats.noise import edm, other_noise, told_its_guidance
from nti_desktop.models.formats.weights import check_numbers, open_weights, read_tensor
from nti_desktop.recipe.sees import Sees

VAE = "first_stage_model."
UNET_GUIDANCE = f"{UNET}time_embed.cond_proj.weight"
FIRST, SECOND_INPUT = f"{UNET}input_blocks.0.0.weight", f"{UNET}label_emb.0.0.weight"
LATENT_CHANNELS = 4  # of every family that comes in one file
V_PREDICTION, ZERO_SNR = "v_pred", "ztsnr"  # empty tensors by which trainers mark SDXL relatives
# A weight that tells the two Stable Diffusion 2.1 apart where nothing else does, and the spread that v-models exceed.
# Known practice of other programs, not measured here.
TELLING, V_SPREAD = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias", 0.09

_WHERE = "(on the Models page, or with “nti-desktop models add MODEL --vae FILE”)"


@dataclass(frozen=True)
class SingleFile:
    """configs: folder of the published configuration, layout: of that; schedule: see ModelFiles; guessed: whether
    nothing says what the model predicts, so that it is the guess by a weight, or the model's own answer.
    """

    configs: Path
    schedule: tuple[tuple[str, str | bool], ...]
    layout: Layout
    guessed: bool = False


def check_single_file(file: Path, autoencoder: Paired, answer: str | None) -> SingleFile:
    """Say what a file of weights is.

    autoencoder: from elsewhere, in place of the file's own; answer: the model's, when it was asked what it predicts.
    Raises ModelError in one sentence when it cannot be used.
    """
    name = file.name
    try:
        check_beginning(file)
        with open_weights(file) as weights:
            header = _Header(file, weights)
            family = _family(header, name, autoencoder != Paired())
            sees = check_channels(header.shape(FIRST)[1], LATENT_CHANNELS, name)
            check_numbers(weights, f"“{name}”")
            # Those for inpainting are relatives of the published one, which predicts the noise.
            stated = _stated_prediction(header) or ("epsilon" if sees is Sees.SURROUNDINGS else None)
            guessed = stated is None and family.noise_configs is not None
            prediction = (answer or _likely_prediction(header)) if guessed else stated
        published = (prediction == "epsilon" and family.noise_configs) or family.configs
        configs = resource("models", "configs", published)
        layout = shipped_layout(configs, autoencoder.folder)
    except OSError as error:
        raise ModelError(f"The model “{name}” cannot be read: {error.strerror or error}.") from error
    except (SafetensorError, IndexError) as error:
        raise ModelError(f"“{name}” is damaged or incomplete; add the model again.") from error
    few_steps = few_steps_of((header.metadata.get("modelspec.title", ""),))
    layout = replace(layout, sees=sees, few_steps=few_steps)
    return SingleFile(configs, _schedule(prediction, header), layout, guessed)


class _Header:
    """What a file says of its weights. names: without what stands before them all, as “state_dict.” does in files that
    were saved with their trainer's wrapping.
    """

    def __init__(self, file: Path, weights: Any) -> None:
        names = weights.keys()
        self._before = next((name.removesuffix(FIRST) for name in names if name.endswith(FIRST)), "")
        self._weights = weights
        self.file = file
        self.names = frozenset(name.removeprefix(self._before) for name in names)
        self.metadata: dict[str, str] = weights.metadata() or {}

    def shape(self, name: str) -> list[int]:
        shape: list[int] = self._weights.get_slice(self._before + name).get_shape()
        return shape

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Raises OSError."""
        return read_tensor(self.file, self._before + name)

    def holds(self, *prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in self.names)


def _family(header: _Header, name: str, paired: bool) -> Family:
    names = header.names
    check_names(names, name)
    if header.holds("edm_"):  # with which other programs mark it
        raise edm(name)
    if UNET_GUIDANCE in names:
        raise told_its_guidance(name)
    text = [family for family in FAMILIES if all(header.holds(encoder) for encoder in family.text_encoders)]
    there = FIRST in names, bool(text), header.holds(VAE)
    if not any(there):
        raise ModelError(_other(names, name))
    lacking = [part for part, has in zip(("UNet", "text encoder", AUTOENCODER), there, strict=True) if not has]
    if lacking == [AUTOENCODER]:
        if paired:
            return text[0]
        raise AutoencoderMissing(
            f"“{name}” lacks the model's {AUTOENCODER}; choose one for it {_WHERE}, or use a file that holds all of it."
        )
    if lacking:
        raise ModelError(f"“{name}” lacks the model's {' and '.join(lacking)}; use a file that holds all of it.")
    if SECOND_INPUT in names and len(text[0].text_encoders) == 1:
        raise ModelError(f"The UNet of “{name}” takes more than a picture and a text; {SUPPORTED}.")
    return text[0]


def _other(names: frozenset[str], name: str) -> str:
    """Say what a file is that holds nothing of a model under the published names."""
    if is_autoencoder(names):
        return f"“{name}” is an {AUTOENCODER} alone; give it to a model {_WHERE}."
    if part := part_alone(names):
        return f"“{name}” is the {part} of a model alone; use a file that holds all of it."
    return f"“{name}” is not a Stable Diffusion model that this program knows; {SUPPORTED}."


def _schedule(prediction: str | None, header: _Header) -> tuple[tuple[str, str | bool], ...]:
    said: list[tuple[str, str | bool]] = [] if prediction is None else [("prediction_type", prediction)]
    return tuple(said + ([("rescale_betas_zero_snr", True)] if ZERO_SNR in header.names else []))


def _stated_prediction(header: _Header) -> str | None:
    """By a marker among the weights, by the file's metadata, or by the settings that lie beside it."""
    metadata = header.metadata
    if V_PREDICTION in header.names:
        return "v_prediction"
    stated = metadata.get("modelspec.prediction_type", "").casefold()
    if stated.startswith("v") or metadata.get("modelspec.architecture", "").endswith("-v"):
        return "v_prediction"
    if stated.startswith("eps"):
        return "epsilon"
    if stated:
        raise other_noise(header.file.name, "as the file says of itself")
    beside = header.file.with_suffix(".yaml")
    if beside.is_file() and beside.stat().st_size <= 1 << 16:
        lines = disk.read_bytes(beside).decode("utf-8", "replace").splitlines()
        told = [line.partition(":")[2].strip(" \"'") for line in lines if line.strip().startswith("parameterization:")]
        return {"v": "v_prediction", "eps": "epsilon"}.get(told[0]) if told else "epsilon"
    return None


def _likely_prediction(header: _Header) -> str:
    """Guess by a weight which of both a model of Stable Diffusion 2 predicts."""
    if TELLING in header.names and float(np.std(header.tensor(TELLING))) <= V_SPREAD:
        return "epsilon"
    return "v_prediction"
