"""Small models that take orders, made of others: the UNet sees the photo beside the noise."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel

from nti_desktop.studio.train.instruct import widened


def make_orders_model(base: Path, folder: Path, *, sees: float = 0.05) -> Path:
    """A copy of a model folder that takes orders, untrained. sees: how much its new weights differ from zero."""
    shutil.copytree(base, folder)
    unet = widened(UNet2DConditionModel.from_pretrained(base / "unet", low_cpu_mem_usage=False).float())
    with torch.no_grad():
        first = unet.conv_in.weight
        half = first.shape[1] // 2
        first[:, half:] = sees * torch.randn(first[:, half:].shape, generator=torch.Generator().manual_seed(3))
    shutil.rmtree(folder / "unet")
    (folder / "words.txt").unlink(missing_ok=True)  # of captions, not of orders
    unet.save_pretrained(folder / "unet")
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    index["_class_name"] = "StableDiffusionInstructPix2PixPipeline"
    (folder / "model_index.json").write_text(json.dumps(index), "utf-8")
    return folder
