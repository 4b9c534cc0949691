"""Small IP-Adapters as they were published, untrained, and the image encoders that they stand on."""

from enum import StrEnum
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from nti_desktop.recipe.image_prompt import SIDE

HIDDEN, PROJECTED, PATCH, TOKENS = 32, 24, 56, 5


class Kind(StrEnum):
    """What was published for whole pictures."""

    PLAIN = "ip-adapter_sd15"
    PLUS = "ip-adapter-plus_sd15"


def write_image_encoder(folder: Path) -> Path:
    """An untrained one."""
    torch.manual_seed(11)
    config = CLIPVisionConfig(
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=16,
        hidden_act="gelu",
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=PROJECTED,
    )
    encoder = CLIPVisionModelWithProjection(config)
    for weight in encoder.parameters():  # untrained, it hardly tells pictures apart
        torch.nn.init.normal_(weight, std=0.3)
    folder.mkdir(parents=True)
    config.save_pretrained(folder)
    save_file(encoder.state_dict(), folder / "model.safetensors", {"format": "pt"})
    return folder


def write_image_adapter(folder: Path, unet_folder: Path, kind: Kind = Kind.PLAIN, encoder: bool = True) -> Path:
    """The adapter's file in a folder, for a UNet, with its image encoder beside it."""
    unet = UNet2DConditionModel.from_pretrained(unet_folder, low_cpu_mem_usage=False)
    width, lot = unet.config.cross_attention_dim, torch.Generator().manual_seed(5)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=lot) * shape[-1] ** -0.5

    picture = {
        Kind.PLAIN: {
            "proj.weight": some(4 * width, PROJECTED),
            "proj.bias": some(4 * width),
            "norm.weight": 1 + some(width),
            "norm.bias": some(width),
        },
        Kind.PLUS: {
            "latents": some(1, TOKENS, 2 * HIDDEN),
            "proj_in.weight": some(2 * HIDDEN, HIDDEN),
            "proj_in.bias": some(2 * HIDDEN),
            "proj_out.weight": some(width, 2 * HIDDEN),
            "proj_out.bias": some(width),
            "norm_out.weight": 1 + some(width),
            "norm_out.bias": some(width),
            **{
                f"layers.{layer}.{name}": tensor
                for layer in range(4)
                for name, tensor in {
                    "0.norm1.weight": 1 + some(2 * HIDDEN),
                    "0.norm1.bias": some(2 * HIDDEN),
                    "0.norm2.weight": 1 + some(2 * HIDDEN),
                    "0.norm2.bias": some(2 * HIDDEN),
                    "0.to_q.weight": some(128, 2 * HIDDEN),
                    "0.to_kv.weight": some(256, 2 * HIDDEN),
                    "0.to_out.weight": some(2 * HIDDEN, 128),
                    "1.0.weight": 1 + some(2 * HIDDEN),
                    "1.0.bias": some(2 * HIDDEN),
                    "1.1.weight": some(8 * HIDDEN, 2 * HIDDEN),
                    "1.3.weight": some(2 * HIDDEN, 8 * HIDDEN),
                }.items()
            },
        },
    }[kind]
    tensors = {f"image_proj.{name}": tensor for name, tensor in picture.items()}
    layers = [m for n, m in unet.named_modules() if isinstance(m, Attention) and n.endswith("attn2")]
    for number, layer in enumerate(layers):
        for name in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{2 * number + 1}.{name}.weight"] = some(*layer.to_k.weight.shape)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / f"{kind}.safetensors")
    if encoder:
        write_image_encoder(folder / "image_encoder")
    return folder / f"{kind}.safetensors"
