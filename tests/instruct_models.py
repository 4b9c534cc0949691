"""Small models that take orders, made of others: the UNet sees the photo beside the noise."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel

from nti_desktop.models.library import catalog
from nti_desktop.models.library.catalog import BuiltIn, built_in
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.studio.train.instruct import widened


def build_in_orders(folder: Path, monkeypatch: pytest.MonkeyPatch, defaults: EditDefaults) -> str:
    """Let such a model, untrained, come with the program, with the Studio's autoencoder; returns its id."""
    make_orders_model(built_in().files.folder, folder)
    shutil.rmtree(folder / "vae")
    monkeypatch.setitem(catalog.BUILT_IN, "its-orders", BuiltIn("Its orders", str(folder), defaults, "studio/vae"))
    return "its-orders"


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
