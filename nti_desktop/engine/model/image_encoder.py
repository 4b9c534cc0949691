"""The image encoders that IP-Adapters stand on: CLIP's, in a folder as transformers writes it, or in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.memory.faults import ran_out_of_memory

HEADS, ACTIVATION = 16, "gelu"  # of both that were published, OpenCLIP's ViT-H and ViT-bigG; no shape tells these


def load_image_encoder(place: Path) -> Any:
    """Load one on the processor. place: folder or file. Raises ModelError in one sentence where weights are missing, or
    its configuration is another one's.
    """
    damaged = ModelError(f"The image encoder in “{place}” is damaged or incomplete; get it again.")
    try:
        encoder, info = _loaded(place)
    except Exception as error:  # the loader raises whatever its parsers raise; the cause is kept for the log
        if ran_out_of_memory(error):
            raise
        if not place.exists():
            raise ModelError(f"The image encoder in “{place}” is not there; plug in its drive.") from error
        raise damaged from error
    if info["missing_keys"] or info["mismatched_keys"]:
        raise damaged
    return encoder


def _loaded(place: Path) -> Any:
    """Load an image encoder, and what is said of how that went."""
    options: dict[str, Any] = {"dtype": torch.float32, "output_loading_info": True}
    if place.is_dir():
        options |= {"local_files_only": True, "use_safetensors": True}
        return CLIPVisionModelWithProjection.from_pretrained(place, **options)
    weights = load_file(place)
    options |= {"config": config_of(weights), "state_dict": weights}
    return CLIPVisionModelWithProjection.from_pretrained(None, **options)


def config_of(weights: Mapping[str, Tensor]) -> CLIPVisionConfig:
    """Tell an image encoder by the shapes of its weights. Raises KeyError where one that tells is missing."""
    vision = "vision_model"
    projected, width = weights["visual_projection.weight"].shape
    patch = weights[f"{vision}.embeddings.patch_embedding.weight"].shape[-1]
    positions = len(weights[f"{vision}.embeddings.position_embedding.weight"])  # one is that of the picture as a whole
    layers = {name.split(".")[3] for name in weights if name.startswith(f"{vision}.encoder.layers.")}
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=len(weights[f"{vision}.encoder.layers.0.mlp.fc1.weight"]),
        projection_dim=projected,
        num_hidden_layers=len(layers),
        num_attention_heads=HEADS,
        hidden_act=ACTIVATION,
        image_size=patch * round((positions - 1) ** 0.5),
        patch_size=patch,
    )
