"""Small models for inpainting, made of others: the UNet sees a mask and the photo around it."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer


def make_inpainting_model(base: Path, folder: Path, *, sees: float = 0.05) -> Path:
    """A copy of a model folder that sees mask and surroundings, untrained. sees: how much its new weights differ from
    zero.
    """
    shutil.copytree(base, folder)
    unet = UNet2DConditionModel.from_pretrained(base / "unet", low_cpu_mem_usage=False).float()
    before = unet.conv_in
    channels = before.in_channels
    unet.conv_in = torch.nn.Conv2d(2 * channels + 1, before.out_channels, before.kernel_size, padding=before.padding)
    with torch.no_grad():
        first = unet.conv_in.weight
        first.copy_(sees * torch.randn(first.shape, generator=torch.Generator().manual_seed(3)))
        first[:, :channels] = before.weight
        unet.conv_in.bias.copy_(before.bias)
    unet.register_to_config(in_channels=2 * channels + 1)
    shutil.rmtree(folder / "unet")
    (folder / "words.txt").unlink(missing_ok=True)  # of captions
    unet.save_pretrained(folder / "unet")
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    index["_class_name"] = "StableDiffusionInpaintPipeline"
    (folder / "model_index.json").write_text(json.dumps(index), "utf-8")
    return folder


def published_pipeline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StableDiffusionInpaintPipeline:
    """Diffusers' own pipeline with a model of these; its pictures are encoded to the posterior's mean, as ours are."""
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)  # its monitor would be left behind
    monkeypatch.setattr(
        "diffusers.models.autoencoders.vae.DiagonalGaussianDistribution.sample",
        lambda found, _generator=None: found.mode(),
    )
    pipeline = StableDiffusionInpaintPipeline(
        vae=AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False),
        scheduler=DDIMScheduler.from_pretrained(folder / "scheduler", clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
