"""What is no model of this program, told by what a file begins with or by the names of its weights."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.configs import SUPPORTED
from nti_desktop.models.formats.weights import PICKLED

ENDINGS = (".safetensors", ".sft")
_PICKLE_BEGINS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PAGE_BEGINS = (b"<!doctype", b"<html", b"<?xml")
_DATABASE_BEGINS = b"SQLite format 3"
_POINTER_BEGINS = b"version https://git-lfs"


@dataclass(frozen=True)
class _Kind:
    """is_a: what such a file is, in words; begin: how a weight's name begins in it; hold: what stands somewhere in
    one; adds: whether a model can be given it.
    """

    is_a: str
    begin: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    adds: bool = False

    def has(self, names: Set[str]) -> bool:
        return any(name.startswith(self.begin) or any(mark in name for mark in self.hold) for name in names)


UNET = "model.diffusion_model."
_TRANSFORMER = (
    *("double_blocks.", "joint_blocks.", "single_blocks.", "single_transformer_blocks.", "transformer_blocks."),
    *("cap_embedder.", "x_embedder.", "context_embedder.", "patch_embedding.", "layers.0.attention."),
)
# The first that fits. What is added to a model has names like the model's.
_KINDS = (
    _Kind(
        "an addition to a model (LoRA)",
        ("lora_",),
        (".lora", "_lora.", ".hada_w", ".lokr_w", ".oft_"),
        adds=True,
    ),
    _Kind(
        "a guide for a model (ControlNet)",
        ("control_model.", "controlnet_", "input_hint_block.", "adapter.body.", "image_proj.", "ip_adapter."),
    ),
    _Kind("a model that makes films", hold=(".time_stack.", ".time_mixer.", "motion_modules.")),
    _Kind("built around a transformer", tuple(before + part for part in _TRANSFORMER for before in ("", UNET))),
    _Kind("a refiner, which only finishes another model's pictures", ("conditioner.embedders.0.model.",)),
    _Kind(
        "a word that was learned (textual inversion)", ("emb_params", "string_to_param", "clip_g", "clip_l"), adds=True
    ),
)
_PART_ALONE = (
    ("UNet", "input_blocks.0.0.weight"),
    ("UNet", "down_blocks.0.resnets.0.conv1.weight"),
    ("text encoder", "text_model.encoder.layers.0.layer_norm1.weight"),
    ("text encoder", "encoder.block.0.layer.0.layer_norm.weight"),  # T5
)


def check_beginning(file: Path, what: str = "model") -> None:
    """Tell by its first bytes, and by its ending, that a file holds safetensors. what: it should be.

    Raises ModelError, OSError.
    """
    name, ending = file.name, file.suffix.casefold()
    with disk.open_to_read(file) as stream:
        begins = stream.read(64)
    if begins.startswith(b"GGUF") or ending == ".gguf":
        raise ModelError(
            f"“{name}” is packed for other programs (GGUF), which this one cannot unpack; "
            f"add the same {what} as a safetensors file."
        )
    if begins.startswith(_DATABASE_BEGINS):
        raise ModelError(
            f"“{name}” is kept in a form of its own (Draw Things), which this program cannot use; "
            f"add the same {what} as a safetensors file."
        )
    if begins.startswith(_PICKLE_BEGINS) or ending in PICKLED:
        raise ModelError(
            f"“{name}” is a pickled file, which could run any program when it is opened; "
            f"add the same {what} as a safetensors file."
        )
    if begins.lower().lstrip().startswith(_PAGE_BEGINS):
        raise ModelError(f"“{name}” is a web page that was saved in place of the {what}; download the {what} again.")
    if begins.startswith(_POINTER_BEGINS):
        raise ModelError(
            f"“{name}” only says where the {what} lies (Git LFS), so it is damaged or incomplete; "
            f"download the {what} itself."
        )
    if ending not in ENDINGS:
        raise ModelError(f"“{name}” is not a safetensors file; add a Stable Diffusion 1, 2 or SDXL {what} in one.")


def check_names(names: Set[str], name: str) -> None:
    """Tell by the names of its weights that a file is none of the things that people keep beside models.

    Raises ModelError in one sentence.
    """
    kind = next((kind for kind in _KINDS if kind.has(names)), None)
    if kind is not None and kind.adds:
        raise ModelError(
            f"“{name}” is {kind.is_a} and no model by itself; give it to one among its additions on the Models page, "
            "or with “nti-desktop models extend MODEL FILE”."
        )
    if kind is not None:
        raise ModelError(f"“{name}” is {kind.is_a}, which this program cannot use; {SUPPORTED}.")


def part_alone(names: Set[str]) -> str | None:
    """The part of a model that such names are of, where it is saved alone; None where they are of none."""
    return next((part for part, telling in _PART_ALONE if telling in names), None)
