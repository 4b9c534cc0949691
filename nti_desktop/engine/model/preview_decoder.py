"""Preview decoders: small networks that draw latents much faster than the autoencoder does, and less well."""

import logging
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.vae import DecoderTiny
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from nti_desktop.engine.memory.faults import ran_out_of_memory
from nti_desktop.recipe.jobs import DecoderKind, DecoderStructure, PreviewDecoder

log = logging.getLogger(__name__)

# Of the weights' names; a tiny autoencoder's file holds its encoder as well.
_PREFIXES = {DecoderKind.TINY: "decoder.", DecoderKind.SUB_PIXEL: ""}


class PreviewNetwork(nn.Module):
    """Latents (B, C, h, w) as the UNet sees them -> pictures (B, 3, H, W), about -1 to 1."""

    def __init__(self, structure: DecoderStructure) -> None:
        super().__init__()
        self.structure = structure
        self.layers: nn.Module = _tiny(structure) if structure.kind is DecoderKind.TINY else _sub_pixel(structure)

    def forward(self, latents: Tensor) -> Tensor:
        """latents: (B, C, h, w)."""
        pixels: Tensor = self.layers(latents / self.structure.scaling_factor)
        return pixels


class Residual(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, width, h, w)."""
        sum_: Tensor = x + self.layers(x)
        return sum_


def _sub_pixel(structure: DecoderStructure) -> nn.Sequential:
    """Each resolution is computed from the one before as channels that become its pixels (Shi et al. 2016), so most of
    the work is done where there are few cells.
    """
    widths = structure.widths
    layers: list[nn.Module] = [nn.Conv2d(structure.latent_channels, widths[0], 3, 1, 1)]
    for width, blocks, factor, after in zip(widths, structure.blocks, structure.factors, (*widths[1:], 3), strict=True):
        layers += [Residual(width) for _ in range(blocks)]
        layers += [nn.Conv2d(width, after * factor**2, 3, 1, 1), nn.PixelShuffle(factor)]
    return nn.Sequential(*layers)


def _tiny(structure: DecoderStructure) -> nn.Module:
    """The decoder of diffusers' AutoencoderTiny, as TAESD is one."""
    decoder: nn.Module = DecoderTiny(
        in_channels=structure.latent_channels,
        out_channels=3,
        num_blocks=structure.blocks,
        block_out_channels=structure.widths,
        upsampling_scaling_factor=structure.factors[0],
        act_fn=structure.activation,
        upsample_fn=structure.enlarging,
    )
    return decoder


def load_preview_decoder(files: PreviewDecoder) -> PreviewNetwork | None:
    """The network in float32. One that is broken or of another structure is None, and the log says so: a model without
    previews of its own still works. Raises MemoryError, torch.OutOfMemoryError.
    """
    try:
        with torch.device("meta"):  # nothing is allocated before all sizes in the file are known to be right
            network = PreviewNetwork(files.structure)
        network.layers.load_state_dict(_read(files, network.layers.state_dict()), assign=True)
        return network
    except Exception as error:  # parsers raise whatever they raise
        if ran_out_of_memory(error):
            raise
        log.warning("Previews are drawn by the autoencoder, as “%s” cannot be used: %s", files.weights, error)
        return None


def save_weights(network: PreviewNetwork, file: Path) -> None:
    """Write a network's weights in half precision, as they are read; only of a kind that is written here."""
    prefix = _PREFIXES[network.structure.kind]
    weights = network.layers.state_dict().items()
    save_file({prefix + name: weight.half().contiguous() for name, weight in weights}, file)


def _read(files: PreviewDecoder, wanted: dict[str, Any]) -> dict[str, Tensor]:
    """Weights by name, float32. wanted: one of the right shape for each. Raises ValueError and safetensors' errors."""
    prefix = _PREFIXES[files.structure.kind]
    with safe_open(files.weights, framework="pt") as opened:
        all_names = opened.keys()  # it is no mapping
        names = {name.removeprefix(prefix) for name in all_names if name.startswith(prefix)}
        if odd := sorted(names ^ wanted.keys()):
            raise ValueError(f"it lacks, or should not have, {odd[0]}")
        for name, weight in wanted.items():
            found = opened.get_slice(prefix + name)
            if tuple(found.get_shape()) != tuple(weight.shape) or found.get_dtype() not in ("F16", "BF16", "F32"):
                raise ValueError(f"{name} is of another size or type")
        weights = {name: opened.get_tensor(prefix + name).float() for name in wanted}
    if not all(weight.isfinite().all() for weight in weights.values()):
        raise ValueError("it holds numbers that are none")
    return weights
