"""The models of the published size: their weights, their memory on paper and as it is measured, their decoders."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nti_desktop.engine.memory.forecast import Forecaster, learning
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from tests.benchmarks import sd15
from tests.benchmarks.children import ROOT
from tests.benchmarks.decoders import AUTOENCODER, SMALL, measure_decoders, random_pair

pytestmark = pytest.mark.slow


PEAK = """
import gc, json
from tests.benchmarks.memory import peak_of
gc.disable()
waste = [bytearray({waste})]
waste.append(waste)
del waste
def work():
    gc.collect()
    for _ in range(2):
        blocks = [bytearray(40_000_000) for _ in range(3)]
        del blocks
print(json.dumps(peak_of(work)))
"""


@pytest.mark.parametrize("waste", [0, 80_000_000])
def test_a_peak_is_what_was_held_at_once(waste: int) -> None:
    """In a process of its own, and whatever lay about there before, as garbage that was not collected yet."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK.format(waste=waste)],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found is None or 110_000_000 < found < 150_000_000


def test_the_big_model_has_the_published_sizes() -> None:
    with torch.device("meta"):
        parts = sd15.make_parts()
    weights = {name: sum(w.numel() for w in parts[name].parameters()) for name in ("unet", "vae", "text_encoder")}
    assert weights == {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}


def test_null_text_at_the_published_size_stays_under_six_gigabytes_on_paper() -> None:
    """Half precision, 512x512, without any saving; the published code takes about 22 GB. No card measured it."""
    model = sd15.published_on_paper("sd15")
    assert 2.2e9 < model.weight_bytes < Forecaster(model).peak(learning, Saving.NONE, (64, 64)) < 6e9


def test_an_estimate_names_every_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sd15, "ESTIMATED", {"sdxl": 64})
    (found,) = (asdict(estimate) for estimate in sd15.estimate_memory())
    assert list(found["rungs"]) == [saving.name.lower() for saving in Saving]
    assert found["rungs"]["offload"]["weights"] == 0
    assert "sdxl at 64x64, half precision" in sd15.described([found])


def test_the_big_model_in_narrow_is_one_that_the_program_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sd15, "WIDTHS", (32, 32, 32, 32))
    monkeypatch.setattr(sd15, "VAE_WIDTHS", (32, 32, 32, 32))
    monkeypatch.setattr(sd15, "TEXT_WIDTH", 96)
    sd15.write_model(tmp_path)
    entry = find_model(str(tmp_path))
    assert (entry.native_size, entry.defaults.method) == (512, Method.PINNED)


def test_decoders_draw_the_same_latents_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sd15, "VAE_WIDTHS", (32, 32, 32, 32))
    found = measure_decoders(random_pair(), 64, rounds=2)
    assert list(found) == [AUTOENCODER, SMALL]
    assert all(len(decoding.seconds) == 2 for decoding in found.values())
    assert found[AUTOENCODER].psnr != found[SMALL].psnr
    taesd = 1_222_531  # weights of its decoder
    assert found[SMALL].weights == 4 * taesd
