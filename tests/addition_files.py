"""LoRAs and learned words as trainers write them, for small models of the published structures, and what they add."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.wild.structure import TEXT_WIDTH

RANK, ALPHA = 3, 6.0
Layers = Mapping[str, tuple[int, ...]]  # shapes of weights, by part and path with dots: "unet.conv_in"


def write_lora(
    file: Path,
    layers: Layers,
    named: Callable[[str, str], str],
    *,
    seed: int = 0,
    alpha: float | None = None,
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Tensor]:
    """Write a LoRA for these layers; returns the change of each weight, computed plainly, by layer.

    named: name of a weight in the file, by layer and by “down”, “up” or “alpha”; alpha: None for a file without.
    """
    tensors, changes = {}, {}
    lot = torch.Generator().manual_seed(seed)
    for layer, (out, into, *kernel) in layers.items():
        down = torch.randn(RANK, into, *kernel, generator=lot) * into**-0.5
        up = torch.randn(out, RANK, *([1] * len(kernel)), generator=lot) * 0.3
        tensors |= {named(layer, "down"): down, named(layer, "up"): up}
        if alpha is not None:
            tensors[named(layer, "alpha")] = torch.tensor(alpha)
        product = torch.einsum("or,ri...->oi...", up.reshape(out, RANK), down)
        changes[layer] = product * (1 if alpha is None else alpha / RANK)
    save_file(tensors, file, metadata=dict(metadata) if metadata else None)
    return changes


def as_kohya(layer: str, side: str) -> str:
    """As kohya's scripts name a weight: underscores for dots, with the layer's path in diffusers or transformers."""
    part, _, path = layer.partition(".")
    begin = {"unet": "lora_unet", "text_encoder": "lora_te", "text_encoder_1": "lora_te1", "text_encoder_2": "lora_te2"}
    return f"{begin[part]}_{path.replace('.', '_')}.{'alpha' if side == 'alpha' else f'lora_{side}.weight'}"


def as_peft(layer: str, side: str) -> str:
    """As diffusers names a weight since it uses peft."""
    return f"{layer}.lora_{'A' if side == 'down' else 'B'}.weight"


def as_old_diffusers(layer: str, side: str) -> str:
    """As diffusers named a weight of attention before, by the processors that held it."""
    head, _, path = layer.rpartition("attn")
    number, _, projection = path.partition(".")
    return f"{head}attn{number}.processor.{projection.removesuffix('.0')}_lora.{side}.weight"


def write_word(file: Path, vectors: int = 2, key: str = "emb_params", seed: int = 0, width: int = TEXT_WIDTH) -> Tensor:
    """Write a learned word for one text encoder; returns its vectors (n, width)."""
    word = torch.randn(vectors, width, generator=torch.Generator().manual_seed(seed))
    save_file({key: word}, file)
    return word


def write_word_for_two(file: Path, vectors: int = 2) -> tuple[Tensor, Tensor]:
    """Write a learned word for SDXL's two text encoders; returns its vectors for each."""
    first, second = torch.randn(2, vectors, TEXT_WIDTH, generator=torch.Generator().manual_seed(1))
    save_file({"clip_l": first.contiguous(), "clip_g": second.contiguous()}, file)
    return first, second


def said_by_diffusers(alpha: float, rank: int = RANK) -> dict[str, str]:
    """Metadata of a file in which diffusers says how it is scaled."""
    said = {f"unet.{key}": value for key, value in {"r": rank, "lora_alpha": alpha, "use_dora": False}.items()}
    return {"lora_adapter_metadata": json.dumps(said)}


# As kohya's scripts name layers of SDXL, in the published code, and what they are called in diffusers.
PUBLISHED = {
    "input_blocks_4_1_transformer_blocks_0_attn2_to_k": "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
    "input_blocks_8_1_proj_in": "down_blocks.2.attentions.1.proj_in",
    "input_blocks_4_0_in_layers_2": "down_blocks.1.resnets.0.conv1",
    "input_blocks_3_0_op": "down_blocks.0.downsamplers.0.conv",
    "middle_block_1_transformer_blocks_0_ff_net_0_proj": "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj",
    "middle_block_2_emb_layers_1": "mid_block.resnets.1.time_emb_proj",
    "output_blocks_2_2_conv": "up_blocks.0.upsamplers.0.conv",
    "output_blocks_5_1_transformer_blocks_0_attn1_to_out_0": (
        "up_blocks.1.attentions.2.transformer_blocks.0.attn1.to_out.0"
    ),
    "output_blocks_6_0_skip_connection": "up_blocks.2.resnets.0.conv_shortcut",
    "label_emb_0_0": "add_embedding.linear_1",
    "out_2": "conv_out",
}
WRITTEN = {f"unet.{layer}": f"lora_unet_{written}" for written, layer in PUBLISHED.items()}


def as_kohya_for_sdxl(layer: str, side: str) -> str:
    begin, end = as_kohya(layer, side).split(".", 1)
    return f"{WRITTEN.get(layer, begin)}.{end}"
