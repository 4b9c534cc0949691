"""Preview decoders: small decoders for previews, found and checked without loading weights.

One that lies in a model's own folder, as `preview_decoder`, was put there for that model. A published one is used for
the autoencoders that it was made for. Nothing in the files tells Stable Diffusion's latents from SDXL's, and a decoder
of the other kind draws pictures that are merely wrong; so a published one is known by the name of its repository alone,
and goes with a model of its families whose latents are of the same form and scaled as theirs are.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from nti_desktop.core.errors import ModelError
from nti_desktop.models.families import Family, LatentSpace, PublishedDecoder, published_decoders
from nti_desktop.models.formats.configs import Config, read_config
from nti_desktop.models.formats.weights import open_weights
from nti_desktop.models.library.scan import hub_snapshot
from nti_desktop.recipe.jobs import DecoderKind, DecoderStructure, ModelFiles, PreviewDecoder

FOLDER, CONFIG, WEIGHTS = "preview_decoder", "config.json", "diffusion_pytorch_model.safetensors"
LARGEST_WEIGHTS = 256 << 20  # bytes; TAESD has ten million
MOST_LEVELS, MOST_BLOCKS, WIDEST = 8, 16, 1024
_ACTIVATIONS, _ENLARGINGS = ("relu", "silu", "swish", "mish", "gelu"), ("nearest", "bilinear")


@dataclass(frozen=True)
class Found:
    """What there is for one model. fault: why one that is there is not used, in one sentence."""

    decoder: PreviewDecoder | None = None
    fault: str | None = None


def find_published(repository: str) -> PublishedDecoder | None:
    """The published one of this owner/name."""
    return next((published for published in published_decoders() if published.repository == repository), None)


def own_preview_decoder(files: ModelFiles, latents: LatentSpace) -> Found:
    """The one in a model's folder: in that of the model whose autoencoder it uses, as they draw the same latents."""
    folder = files.place_of("vae").with_name(FOLDER)
    return _found(folder, latents) if os.path.isdir(folder) else Found()


def published_preview_decoder(family: Family, latents: LatentSpace, store: Path) -> Found:
    """The published one for such a model, in the store or in the Hub's cache."""
    published = family.preview_decoder
    if published is None or published.latents != latents:
        return Found()
    folder = next(_places(published, store), None)
    return Found() if folder is None else _found(folder, latents)


def stored_preview_decoders(store: Path) -> tuple[tuple[PublishedDecoder, Path], ...]:
    """The published ones that lie in the store."""
    found = ((published, _in_store(published, store)) for published in published_decoders())
    return tuple((published, folder) for published, folder in found if os.path.isdir(folder))


def _in_store(published: PublishedDecoder, store: Path) -> Path:
    return store / published.repository.replace("/", "--")


def _places(published: PublishedDecoder, store: Path) -> Iterator[Path]:
    """Find the folders that hold a published preview decoder, the store's first, then the Hub cache's."""
    for folder in (_in_store(published, store), hub_snapshot(published.repository)):
        if folder is not None and os.path.isfile(folder / CONFIG):
            yield folder


def _found(folder: Path, latents: LatentSpace) -> Found:
    try:
        return Found(_read(folder, latents))
    except _Unfit as error:
        fault = str(error)
    except (ModelError, OSError, SafetensorError):
        fault = f"The preview decoder in “{folder}” is damaged or incomplete"
    return Found(fault=f"{fault}; previews are drawn by the model’s autoencoder until you replace or remove it.")


class _Unfit(ModelError):
    """Without a word on what follows."""


def _read(folder: Path, latents: LatentSpace) -> PreviewDecoder:
    """Raises _Unfit, ModelError, OSError, SafetensorError."""
    structure = structure_of(read_config(folder, CONFIG))
    where = f"The preview decoder in “{folder}”"
    if structure is None:
        raise _Unfit(f"{where} is of a kind that this program cannot use")
    if (structure.latent_channels, structure.factor) != (latents.channels, latents.factor):
        raise _Unfit(
            f"{where} is not made for this model, as it enlarges {structure.latent_channels} channels "
            f"{structure.factor} times and not {latents.channels} channels {latents.factor} times"
        )
    weights = folder / WEIGHTS
    if weights.stat().st_size > LARGEST_WEIGHTS:
        raise _Unfit(f"{where} is far too large for one")
    with open_weights(weights):
        return PreviewDecoder(structure, weights)


def structure_of(config: Config) -> DecoderStructure | None:
    """Read a preview decoder's structure from its configuration; None for a kind, or numbers, that none of them has."""
    match config.get("_class_name"):
        case DecoderKind.TINY:
            structure = _tiny(config)
        case DecoderKind.SUB_PIXEL:
            structure = _sub_pixel(config)
        case _:
            return None
    return structure if structure and _is_sane(structure) else None


def config_of(structure: DecoderStructure) -> Mapping[str, Any]:
    """The configuration of a SubPixelDecoder, as `structure_of` reads it."""
    return {
        "_class_name": DecoderKind.SUB_PIXEL,
        "latent_channels": structure.latent_channels,
        "block_out_channels": structure.widths,
        "layers_per_block": structure.blocks,
        "upsampling_factors": structure.factors,
    }


def _sub_pixel(config: Config) -> DecoderStructure:
    return DecoderStructure(
        DecoderKind.SUB_PIXEL,
        config.get("latent_channels", 0),
        _integers(config.get("block_out_channels")),
        _integers(config.get("layers_per_block")),
        _integers(config.get("upsampling_factors")),
    )


def _tiny(config: Config) -> DecoderStructure | None:
    """Read the structure of a tiny autoencoder; None where it has parts that this program cannot build.

    What the configuration does not say is as in diffusers, which scales the latents of a tiny autoencoder as of any
    other.
    """
    said: dict[str, Any] = {
        "out_channels": 3,
        "decoder_block_out_channels": [64] * 4,
        "act_fn": "relu",
        "upsample_fn": "nearest",
        "latent_channels": 4,
        "upsampling_scaling_factor": 2,
        "num_decoder_blocks": [3, 3, 3, 1],
        "scaling_factor": 1.0,
        "shift_factor": 0.0,
        **config,
    }
    widths = _integers(said["decoder_block_out_channels"])
    known = said["act_fn"] in _ACTIVATIONS and said["upsample_fn"] in _ENLARGINGS
    if not known or said["out_channels"] != 3 or said["shift_factor"] or len(set(widths)) != 1:
        return None
    return DecoderStructure(
        DecoderKind.TINY,
        said["latent_channels"],
        widths,
        _integers(said["num_decoder_blocks"]),
        (said["upsampling_scaling_factor"],) * (len(widths) - 1) + (1,),
        said["act_fn"],
        said["upsample_fn"],
        said["scaling_factor"],
    )


def _integers(value: object) -> tuple[int, ...]:
    """A list's; nothing for anything else, which `_is_sane` refuses."""
    if isinstance(value, list) and len(value) <= MOST_LEVELS and all(type(number) is int for number in value):
        return tuple(value)
    return ()


def _is_sane(structure: DecoderStructure) -> bool:
    """Tell whether all numbers are in the range of preview decoders, and as many as there should be."""

    def within(numbers: tuple[object, ...], low: int, high: int) -> bool:
        return all(type(number) is int and low <= number <= high for number in numbers)

    levels, scale = len(structure.widths), structure.scaling_factor
    return (
        levels > 0
        and len(structure.blocks) == len(structure.factors) == levels
        and within((structure.latent_channels,), 1, 64)
        and within(structure.widths, 1, WIDEST)
        and within(structure.blocks, 0, MOST_BLOCKS)
        and within(structure.factors, 1, 8)
        and type(scale) in (int, float)
        and 1e-3 < scale < 1e3
    )
