"""Which layer of a model a LoRA's weight belongs to, in the dialects of kohya's scripts, of peft and of diffusers.

All of them write a layer's path with dots or, as kohya's do, with underscores; so layers are looked up by their paths
with underscores for dots. A UNet's layers have another path each in the published code, which kohya's scripts use for
SDXL.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("unet", "text_encoder", "text_encoder_2")
_BEGINS = (
    ("lora_unet_", "unet"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te_", "text_encoder"),
    ("unet.", "unet"),
    ("text_encoder.", "text_encoder"),
    ("text_encoder_2.", "text_encoder_2"),
    ("base_model.model.text_model.", "text_encoder"),
    ("base_model.model.", "unet"),
    ("model.diffusion_model.", "unet"),
    ("diffusion_model.", "unet"),
    ("", "unet"),
)
_SIDES = (
    ("down", (".lora_down", ".lora_A", ".lora_A.default", "_lora.down", ".lora.down", ".lora_linear_layer.down")),
    ("up", (".lora_up", ".lora_B", ".lora_B.default", "_lora.up", ".lora.up", ".lora_linear_layer.up")),
)
_ENDS = (*((f"{end}.weight", side) for side, ends in _SIDES for end in ends), (".alpha", "alpha"))
_ATTENTION_OF_TEXT = (("_to_q", "_q_proj"), ("_to_k", "_k_proj"), ("_to_v", "_v_proj"), ("_to_out", "_out_proj"))
# Of a residual block: paths in the published code.
_RESIDUAL = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_OUTSIDE = {
    "conv_in": "input_blocks.0.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}


@dataclass(frozen=True)
class LoraKey:
    """part: one of PARTS; path: of the layer, with underscores for dots; side: down, up or alpha; written: the layer as
    the file's own settings name it.
    """

    part: str
    path: str
    side: str
    written: str


def lora_key(name: str) -> LoraKey | None:
    """Read a name in any dialect; None for one that is of none."""
    end, side = next(((end, side) for end, side in _ENDS if name.endswith(end)), ("", ""))
    if not side:
        return None
    begin, part = next((begin, part) for begin, part in _BEGINS if name.startswith(begin))
    written = name.removeprefix(begin).removesuffix(end)
    path = written.replace(".", "_").replace("_processor_", "_")
    if part == "unet":
        path = f"{path}_0" if path.endswith("_to_out") else path
    else:
        path = path.removeprefix("text_model_")
        for theirs, ours in _ATTENTION_OF_TEXT:
            path = path.removesuffix(theirs) + ours if path.endswith(theirs) else path
    return LoraKey(part, path, side, f"{part}.{written}")


def layers_by_path(parts: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Find the layers of a model that can be added to, by part and by each path that a file may give.

    parts: the UNet and the text encoders, by PARTS.
    """
    return {
        (part, path.replace(".", "_")): layer
        for part, network in parts.items()
        for name, layer in network.named_modules()
        if getattr(layer, "weight", None) is not None and layer.weight.ndim in (2, 4)
        for path in _paths(part, network, name)
    }


def _paths(part: str, network: Any, name: str) -> Iterator[str]:
    if part != "unet":
        yield name.removeprefix("text_model.")
        return
    yield name
    if published := _published(network, name):
        yield published


def _published(unet: Any, name: str) -> str | None:
    """Path of a UNet's layer in the published code."""
    if name in _OUTSIDE:
        return _OUTSIDE[name]
    head, _, rest = name.partition(".")
    if head == "mid_block":
        kind, number, *inner = rest.split(".")
        place = "middle_block.1" if kind == "attentions" else f"middle_block.{2 * int(number)}"
    elif head in ("down_blocks", "up_blocks"):
        block, kind, number, *inner = rest.split(".")
        place = _place(unet, head, int(block), kind, int(number))
    else:
        return None
    if kind == "resnets":
        return f"{place}.{_RESIDUAL[inner[0]]}"
    return ".".join((place, *(["op"] if kind == "downsamplers" else inner)))


def _place(unet: Any, side: str, block: int, kind: str, number: int) -> str:
    """Number a block's layer as the published code does: one row of blocks each way, of up to three layers each."""
    blocks = getattr(unet, side)
    before = sum(len(each.resnets) for each in blocks[:block])
    looks = hasattr(blocks[block], "attentions")
    layer = {"resnets": 0, "attentions": 1}.get(kind)
    if side == "down_blocks":  # each block but the last ends in one that only shrinks
        number += len(blocks[block].resnets) if kind == "downsamplers" else 0
        return f"input_blocks.{1 + before + block + number}.{layer or 0}"
    number += len(blocks[block].resnets) - 1 if kind == "upsamplers" else 0
    return f"output_blocks.{before + number}.{(2 if looks else 1) if layer is None else layer}"
