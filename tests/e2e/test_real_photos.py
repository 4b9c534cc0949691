"""Photos as photographers have them, through the whole program; ImageMagick and exiftool read what comes out."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.cli import main
from nti_desktop.models.samples import samples
from nti_desktop.photo.colour import vips_image
from nti_desktop.photo.raster import Raster
from tests.profiles import DISPLAY_P3

SAMPLE = samples()[0]


def as_read_by_imagemagick(path: Path) -> NDArray[np.uint16]:
    """(H, W, 3), 16 bits a channel."""
    size = subprocess.run(["identify", "-format", "%w %h", path], capture_output=True, text=True, check=True).stdout
    width, height = map(int, size.split())
    order = ["-depth", "16", "-endian", "LSB", "rgb:-"]
    raw = subprocess.run(["convert", path, *order], capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<u2").reshape(height, width, 3).astype(np.uint16)


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_16_bit_gradient_keeps_its_levels_from_opening_to_export(tmp_path: Path, suffix: str) -> None:
    scene = np.asarray(Image.open(SAMPLE.path).convert("RGB")).astype(np.float64) * 257
    width = scene.shape[1]
    gradient = np.linspace(0, 12_000, width)[None, :, None]
    pixels = np.clip(scene * 0.8 + gradient, 0, 65535).astype(np.uint16)
    photo = tmp_path / f"photo{suffix}"
    vips_image(Raster(pixels, DISPLAY_P3)).write_to_file(str(photo))
    bytes_before = photo.read_bytes()

    assert main(["invert", str(photo), "--prompt", SAMPLE.caption, "--steps", "4"]) == 0
    out = tmp_path / f"edited{suffix}"
    assert main(["edit", str(photo), "--to", SAMPLE.edits[0], "--out", str(out)]) == 0

    edited, as_it_was = as_read_by_imagemagick(out), as_read_by_imagemagick(photo)
    assert np.array_equal(as_it_was, pixels)
    changed = (edited != pixels).any(axis=-1)
    assert changed.mean() > 0.5  # without a mask nearly every value moves a little
    for channel in range(3):
        assert len(np.unique(edited[..., channel][changed])) > 10_000
    profile = subprocess.run(["convert", out, "icc:-"], capture_output=True, check=True).stdout
    assert profile == DISPLAY_P3
    assert photo.read_bytes() == bytes_before


@pytest.fixture(autouse=True)
def _witnesses() -> None:
    for program in ("identify", "convert", "exiftool"):
        assert shutil.which(program), f"{program} is missing; see .ci/run"
