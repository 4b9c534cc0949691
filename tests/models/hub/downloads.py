"""The models that a Hub on this machine has, and what the tests ask of it and look at afterwards."""

import os
from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.core.resources import resource
from nti_desktop.models.hub.client import download

MODEL = "someone/a-model"
SINGLE = "one.safetensors"
WEIGHTS = os.urandom(300_000)
HALVES = {
    "unet/diffusion_pytorch_model.fp16.safetensors": os.urandom(200_000),
    "vae/diffusion_pytorch_model.fp16.safetensors": os.urandom(50_000),
    "text_encoder/model.fp16.safetensors": os.urandom(50_000),
}
FULL = {name.replace(".fp16", ""): os.urandom(1000) for name in HALVES}
CONFIGS = ("model_index.json", *(f"{part}/config.json" for part in ("unet", "vae", "text_encoder")))
TEXTS = {name: (resource("models", "configs", "sd15") / name).read_bytes() for name in CONFIGS} | {
    "scheduler/scheduler_config.json": b"{ }",
    "tokenizer/vocab.json": b"{}\n",
    "tokenizer/merges.txt": "ä b".encode(),
    "tokenizer/empty.txt": b"",
}
UNWANTED = {
    "README.md": b"#",
    "all.safetensors": b"x",
    "unet/diffusion_pytorch_model.bin": b"pickled",
    "unet/diffusion_pytorch_model.non_ema.safetensors": b"x",
    "safety_checker/model.safetensors": b"x",
    "safety_checker/config.json": b"{}",
    "unet/deeper/config.json": b"{}",
    "unet/run.py": b"import os",
}


def fetched(wanted: str, store: Path, token: str | None = None) -> Path:
    return download(wanted, store, report_nothing, CancelToken(), token)


def refusal(wanted: str, store: Path) -> str:
    """The one sentence; and nothing is to be seen in the store."""
    with pytest.raises(ModelError) as refused:
        fetched(wanted, store)
    assert str(refused.value).count(". ") == 0
    assert visible(store) == []
    return str(refused.value)


def visible(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir() if not path.name.startswith("."))


def parts(store: Path) -> int:
    """Bytes of pieces that are kept."""
    return sum(path.stat().st_size for path in store.rglob("*.part"))
