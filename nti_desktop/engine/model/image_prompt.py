"""A picture beside the words: what an IP-Adapter (Ye et al. 2023, arXiv 2308.06721) lets a UNet read of it.

Each cross-attention adds to the words' softmax(q K^T / sqrt(d)) V that of the picture's few tokens, with keys and
values by projections of the adapter's own (decoupled cross-attention, eq. 5). The picture is read once, on the
processor: what stays are the keys and values of each layer, so neither the image encoder nor the adapter takes room on
a card.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import ImageProjection
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from transformers.utils.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.memory.faults import ran_out_of_memory
from nti_desktop.engine.model.additions import faults_named
from nti_desktop.engine.model.image_encoder import load_image_encoder
from nti_desktop.engine.sampling.attention import Attend
from nti_desktop.recipe.jobs import Addition


@dataclass(frozen=True, eq=False)
class ImagePromptTokens:
    """keys, values: by the names of the UNet's cross-attention layers, (2, heads, tokens, width), of no picture and of
    the picture.
    """

    keys: Mapping[str, Tensor]
    values: Mapping[str, Tensor]

    def seen(self, layer: str, q: Tensor, attend: Attend) -> Tensor:
        """Answer what queries (B, heads, positions, width) of a guided pair, or of its second row alone, see of it."""
        k, v = (kept[layer][-len(q) :].to(q) for kept in (self.keys, self.values))
        return attend(q, k, v)

    def to(self, device: torch.device) -> "ImagePromptTokens":
        """The same on a device."""
        return ImagePromptTokens(*({n: t.to(device) for n, t in kept.items()} for kept in (self.keys, self.values)))


@torch.no_grad()
def read_image_prompt(adapter: Addition, unet: Any, picture: NDArray[np.uint8]) -> ImagePromptTokens:
    """Read a square picture (side, side, 3) sRGB. Raises ModelError in one sentence where the adapter is not made for
    this UNet, or cannot be read.
    """
    with faults_named(adapter.file):
        weights = {name: weight.float() for name, weight in load_file(adapter.file).items()}
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, weight in weights.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = weight
    try:
        projection = unet._convert_ip_adapter_image_proj_to_diffusers(parts["image_proj"], low_cpu_mem_usage=False)
    except (KeyError, RuntimeError) as error:  # as it finds weights missing, or of other sizes than the rest
        if ran_out_of_memory(error):
            raise
        raise ModelError(f"“{adapter.file.name}” is a damaged IP-Adapter; get it again.") from error
    tokens = projection(_encoded(adapter, picture, whole=isinstance(projection, ImageProjection)))
    keys: dict[str, Tensor] = {}
    values: dict[str, Tensor] = {}
    layers = [(n, m) for n, m in unet.named_modules() if isinstance(m, Attention) and n.endswith("attn2")]
    for number, (name, layer) in enumerate(layers):
        for kept, mine, own in ((keys, "to_k_ip", layer.to_k), (values, "to_v_ip", layer.to_v)):
            projected = parts["ip_adapter"].get(f"{2 * number + 1}.{mine}.weight")
            if projected is None or projected.shape != own.weight.shape:
                raise ModelError(
                    f"“{adapter.file.name}” does not fit this model's layers; take it out of the model's additions, as "
                    "it is made for another."
                )
            kept[name] = (tokens @ projected.T).unflatten(-1, (layer.heads, -1)).transpose(1, 2).contiguous()
    return ImagePromptTokens(keys, values)


def _encoded(adapter: Addition, picture: NDArray[np.uint8], whole: bool) -> Tensor:
    """Encode no picture and this one: (2, numbers), each as a whole, or (2, patches + 1, numbers) by the encoder's last
    layer but one.
    """
    assert adapter.image_encoder is not None
    encoder = load_image_encoder(adapter.image_encoder)
    mean, deviation = (torch.tensor(said)[:, None, None] for said in (OPENAI_CLIP_MEAN, OPENAI_CLIP_STD))
    pixels = (torch.tensor(picture).permute(2, 0, 1)[None].float() / 255 - mean) / deviation
    side = encoder.config.image_size
    pixels = torch.nn.functional.interpolate(pixels, (side, side), mode="bicubic", antialias=True)
    if whole:
        found: Tensor = encoder(pixels).image_embeds
        return torch.cat([torch.zeros_like(found), found])
    both = torch.cat([torch.zeros_like(pixels), pixels])
    states: Tensor = encoder(both, output_hidden_states=True).hidden_states[-2]
    return states
