"""Photos as photographers have them, through the whole program; ImageMagick and exiftool read what comes out."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.cli import main
from nti_desktop.editing.session import Session
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.colour import vips_image
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.raster import Raster
from tests.metadata_files import camera_jpeg
from tests.profiles import DISPLAY_P3
from tests.witnesses import as_read_by_imagemagick, profile_read_by_imagemagick, tags_read_by_exiftool

pytestmark = pytest.mark.slow

SAMPLE = samples()[0]


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
    assert profile_read_by_imagemagick(out) == DISPLAY_P3
    assert photo.read_bytes() == bytes_before


def test_the_command_line_exports_what_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "IMG_1.jpg"
    photo.write_bytes(camera_jpeg())
    assert main(["invert", str(photo), "--prompt", "a photo of a wall", "--steps", "2"]) == 0
    edit = ["edit", str(photo), "--to", "a photo of a red wall", "--name", "Red/1"]
    assert main([*edit, "--out", str(tmp_path / "{photo} {version}.tif"), "--bits", "16", "--no-location"]) == 0
    tags = tags_read_by_exiftool(tmp_path / "IMG_1 Red_1.tif")
    assert tags["IFD0:BitsPerSample"] == "16 16 16"
    assert "DigitalSourceType" in " ".join(tags)
    assert not any("GPS" in name for name in tags)
    assert "AIPromptInformation" not in " ".join(tags)

    export = ["export", str(photo), "--name", "Red/1", "--out", str(tmp_path / "small.jpg")]
    assert main([*export, "--longest-side", "20", "--say-prompt"]) == 0
    tags = tags_read_by_exiftool(tmp_path / "small.jpg")
    assert max(int(str(tags["File:ImageWidth"])), int(str(tags["File:ImageHeight"]))) == 20
    assert tags["XMP-iptcExt:AIPromptInformation"] == "a photo of a red wall"
    assert main(export) == 1  # it is there already
    capsys.readouterr()
    assert main([*export, "--if-exists", "unique", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["out"] == str(tmp_path / "small (2).jpg")
    before = (tmp_path / "small.jpg").read_bytes()
    assert main([*export, "--if-exists", "skip", "--json"]) == 0
    skipped = json.loads(capsys.readouterr().out)
    assert (skipped["out"], skipped["unet_rows"]) == (None, 0)  # nothing is rendered for nothing
    assert (tmp_path / "small.jpg").read_bytes() == before


def test_a_raw_editors_file_is_replaced_and_its_old_bytes_and_project_are_kept(tmp_path: Path) -> None:
    given = tmp_path / "from editor.tif"
    vips_image(Raster(np.full((64, 96, 3), 30_000, np.uint16), DISPLAY_P3)).write_to_file(str(given))
    before = given.read_bytes()
    assert main(["invert", str(given), "--prompt", "a photo of a wall", "--steps", "2"]) == 0
    assert main(["edit", str(given), "--to", "a photo of a red wall", "--return-to", str(given)]) == 0
    kept = tmp_path / "from editor.original.tif"
    assert kept.read_bytes() == before
    assert given.read_bytes() != before
    assert as_read_by_imagemagick(given).shape == (64, 96, 3)
    assert profile_read_by_imagemagick(given) == DISPLAY_P3
    session = Session.open(kept)  # with all its edits
    assert [version.recipe.prompt for version in session.project.versions] == ["a photo of a red wall"]
    assert session.project.photo.name == kept.name
    assert not given.with_name(given.name + ".nti").exists()
    assert Session.open(given).project.versions == ()


def test_an_area_is_edited_beside_the_whole_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "still life.jpg"
    photo.write_bytes(SAMPLE.path.read_bytes())
    original = open_photo(photo).pixels
    assert main(["invert", str(photo), "--prompt", SAMPLE.caption, "--steps", "4"]) == 0
    assert main(["edit", str(photo), "--to", SAMPLE.edits[0], "--blend", "cube", "--name", "whole"]) == 0
    area = ["--area", "0,0,256,120"]
    assert main(["invert", str(photo), *area, "--prompt", "a photo of a sky", "--steps", "4"]) == 0
    assert "of this area’s detail" in capsys.readouterr().out
    both = tmp_path / "both.png"
    assert main(["edit", str(photo), "--to", "a photo of a red sky", "--name", "both", "--out", str(both)]) == 0
    whole = tmp_path / "whole.png"
    assert main(["export", str(photo), "--name", "whole", "--out", str(whole)]) == 0

    one, two = (open_photo(path).pixels for path in (whole, both))
    in_area, cube = (slice(0, 120), slice(0, 256)), (slice(180, 350), slice(100, 330))
    assert np.array_equal(one[in_area], original[in_area])  # the whole photo's edit is confined to the cube
    assert not np.array_equal(two[in_area], one[in_area])
    assert not np.array_equal(one[cube], original[cube])
    assert np.array_equal(np.delete(two, np.s_[:120], axis=0), np.delete(one, np.s_[:120], axis=0))
    layers = tmp_path / "layers.ora"
    assert main(["export", str(photo), "--name", "both", "--out", str(layers)]) == 0
    with zipfile.ZipFile(layers) as archive, Image.open(archive.open("data/mask.png")) as image:
        mask = np.asarray(image)
    assert (mask[in_area] == 255).mean() > 0.8
    assert mask[cube].max() > 200
    assert (mask[400:] == 0).all()  # the whole photo's edit is confined to the cube
    capsys.readouterr()
    assert main(["info", str(photo)]) == 0
    assert "the area 0,0,256,120" in capsys.readouterr().out


@pytest.mark.parametrize("area", ["500,0,100,100", "0,0,513,10"])
def test_an_area_outside_the_photo_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], area: str) -> None:
    photo = tmp_path / "still life.jpg"
    photo.write_bytes(SAMPLE.path.read_bytes())
    assert main(["invert", str(photo), "--area", area, "--prompt", "a photo of a sky"]) == 1
    assert "does not lie within this photo of 512 × 512 pixels" in capsys.readouterr().err
    assert not photo.with_name(photo.name + ".nti").exists()
