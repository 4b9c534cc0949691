"""The program before photos of every kind: no fault, and whoever looks for faults notices those that are planted."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.corpus.aside import Ended, Limits
from tests.corpus.judging import export_faults, levels_between, pixel_faults, profile_faults, untrue_refusal
from tests.corpus.samples import (
    BLOCKS,
    FORMS,
    PICTURE,
    PROFILES,
    REFUSED,
    combinations,
    write_combinations,
    write_kinds,
)
from tests.corpus.table import TARGETS, TO_JUDGE, Line, read_lines, refused_share, table
from tests.corpus.tags import lost_tags, orientation_in
from tests.profiles import DISPLAY_P3

ROOT = Path(__file__).parent.parent
NOTED = ("The colours were converted from print colours (CMYK) without a profile to sRGB.",)


def run(folder: Path, out: Path) -> list[Line]:
    """As by hand, in a process of its own."""
    command = [sys.executable, "-m", "tests.corpus", str(folder), "--out", str(out)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=3000)
    return read_lines(out.with_suffix(".jsonl"))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("write", [write_kinds, write_combinations])
def test_photos_of_every_kind_are_opened_and_exported_without_a_fault(
    tmp_path: Path, write: Callable[[Path], int]
) -> None:
    count = write(tmp_path / "photos")
    lines = run(tmp_path / "photos", tmp_path / "table.md")
    assert len(lines) == count
    assert [
        (line.name, fault) for line in lines for fault in line.faults if fault.kind != "other pixels, as noted"
    ] == []
    assert [(line.name, line.witness) for line in lines if line.witness] == []
    refused = {line.name: line.reason for line in lines if line.outcome != "opened"}
    assert refused.keys() == (REFUSED.keys() if write is write_kinds else set())
    assert all(REFUSED[name] in reason for name, reason in refused.items())
    raws = [line.name for line in lines if line.outcome == "opened" and not line.differences]
    assert raws == (["whole.dng"] if write is write_kinds else [])  # all others were compared


def test_any_two_of_format_profile_orientation_and_metadata_come_together_in_some_file() -> None:
    chosen = list(combinations())
    of_each = [{parts[at] for parts in chosen} for at in range(4)]
    assert [len(values) for values in of_each] == [len(FORMS), len(PROFILES), 8, len(BLOCKS)]
    for one, other in itertools.combinations(range(4), 2):
        assert len({(parts[one], parts[other]) for parts in chosen}) == len(of_each[one]) * len(of_each[other])


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "table.md"
    photos.mkdir()
    Image.fromarray(PICTURE).save(photos / "one.png")
    Image.fromarray(PICTURE).save(photos / "two.png")
    (first,) = [line for line in run(photos, out) if line.name == "one.png"]
    written = out.with_suffix(".jsonl")
    kept = written.read_text().splitlines()[0]
    written.write_text(kept.replace('"seconds": ', '"seconds": 1234') + "\n" + kept[: len(kept) // 2] + "\n")
    again = run(photos, out)
    assert [line.name for line in again] == ["one.png", "two.png"]
    assert again[0].seconds > 1000 > first.seconds
    assert "| PNG | 2 | 2 | 2 |" in out.read_text()


def raises() -> None:
    raise KeyError("nobody catches this")


def crashes() -> None:
    os.abort()


def hangs() -> None:
    time.sleep(600)


def runs_away() -> None:
    held = []
    while True:
        held.append(np.ones(1 << 20))


def ended(name: str, seconds: float = 60) -> Ended:
    """How a function of this module ends in a child. The server of the children ends with the process that asks."""
    asks = (
        "import json, dataclasses; from tests import test_corpus; from tests.corpus.aside import Limits, run_aside; "
        f"got = run_aside(getattr(test_corpus, {name!r}), limits=Limits({seconds}, 600)); "
        "print(json.dumps(dataclasses.asdict(got)))"
    )
    done = subprocess.run([sys.executable, "-c", asks], check=True, cwd=ROOT, capture_output=True, timeout=150)
    return Ended(**json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seconds", "fault", "detail"),
    [
        ("raises", 60, "uncaught", "nobody catches this"),
        ("crashes", 60, "crash", "Abort"),
        ("hangs", 2, "hang", "no end within 2 seconds"),
        ("runs_away", 60, "memory", "more than 600 MB"),
    ],
)
def test_whatever_befalls_a_child_is_told_and_the_run_goes_on(
    name: str, seconds: float, fault: str, detail: str
) -> None:
    got = ended(name, seconds)
    assert got.fault == fault
    assert detail in got.detail


def test_limits_leave_room_for_the_largest_pictures() -> None:
    assert Limits().megabytes > 3 * 2 * 300  # 300 megapixels at 16 bits, thrice


def test_pixels_that_no_decoder_agrees_with_are_wrong() -> None:
    reference = PICTURE.astype(np.uint16) * np.uint16(257)
    moved = reference.copy()
    moved[..., 1] += 3 * 257
    assert levels_between(PICTURE, reference) == 0
    assert levels_between(PICTURE, moved) == 3
    assert levels_between(PICTURE, reference.swapaxes(0, 1)) == float("inf")
    assert kinds(reference) == []
    assert kinds(moved) == ["wrong pixels"]
    assert kinds(moved, moved) == ["wrong pixels"]
    assert kinds(moved, reference) == []
    assert kinds(moved, notes=NOTED) == ["other pixels, as noted"]
    assert kinds(reference[::-1].copy(), reference[:, ::-1].copy()) == ["decoders differ"]
    assert kinds(reference[..., ::-1].copy()) == ["wrong pixels"]
    assert kinds() == []


def kinds(*others: NDArray[np.uint16], notes: tuple[str, ...] = ()) -> list[str]:
    """What pictures of other decoders bring up against PICTURE."""
    return [fault.kind for fault in pixel_faults(PICTURE, {str(at): one for at, one in enumerate(others)}, notes)]


def test_colours_that_a_decoder_fills_in_otherwise_are_told_apart() -> None:
    noise = np.random.default_rng(0).integers(0, 2, PICTURE.shape[:2]).astype(float) * 2 - 1
    checked = noise - noise.reshape(4, 16, 8, 16).mean((1, 3)).repeat(16, 0).repeat(16, 1)
    as_bright = np.stack([checked * 20, checked * -10.2, checked * 0], axis=-1)  # of BT.601's shares
    other = np.clip((PICTURE / 2 + 60 + as_bright) * 257, 0, 65535).astype(np.uint16)
    own = np.rint(PICTURE / 2 + 60).astype(np.uint8)
    assert [fault.kind for fault in pixel_faults(own, {"one": other}, ())] == ["colours filled in"]
    redder = other + np.array((8 * 257, 0, 0), np.uint16)
    assert [fault.kind for fault in pixel_faults(own, {"one": redder}, ())] == ["wrong pixels"]


def test_a_profile_that_is_not_the_files_is_wrong() -> None:
    assert [fault.where for fault in profile_faults(None, DISPLAY_P3, ())] == ["profile"]
    assert list(profile_faults(DISPLAY_P3, DISPLAY_P3, ())) == []
    assert list(profile_faults(None, DISPLAY_P3, NOTED)) == []
    assert list(profile_faults(None, b"no profile", ())) == []


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".avif"])
def test_an_export_that_is_another_picture_is_noticed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"export{suffix}"
    Image.fromarray(PICTURE).save(path)
    assert list(export_faults(path, PICTURE)) == []
    for other in (PICTURE[::-1], PICTURE[:, :-1]):
        assert [fault.kind for fault in export_faults(path, other)] == ["export unequal"]
    path.write_bytes(b"no picture")
    assert "cannot be read" in next(export_faults(path, PICTURE)).detail


def test_a_lossless_export_is_equal_to_the_last_bit(tmp_path: Path) -> None:
    path = tmp_path / "export.png"
    Image.fromarray(PICTURE).save(path)
    other = PICTURE.copy()
    other[0, 0, 0] ^= 1
    assert [fault.detail for fault in export_faults(path, other)] == ["1.00 levels"]


BEFORE = {
    "EXIF:IFD0:Make": "A maker",
    "EXIF:IFD0:Orientation": 6,
    "EXIF:IFD0:StripOffsets": 8,
    "EXIF:IFD1:ThumbnailImage": "(Binary data 99 bytes)",
    "MakerNotes:Canon:OwnerName": "Noor",
    "APP6:GoPro:Model": "HERO",
    "PNG:PNG:Author": "Noor",
    "IPTC:IPTC:Keywords": ["one", "two"],
    "File:File:FileSize": 99,
}
AFTER = {**BEFORE, "EXIF:IFD0:Orientation": 1, "EXIF:IFD0:StripOffsets": 99, "File:File:FileSize": 1}


@pytest.mark.parametrize(
    ("key", "note"),
    [
        ("EXIF:IFD0:Make", "Not copied, as it cannot be read: damaged EXIF data."),
        ("EXIF:IFD1:ThumbnailImage", "Not copied, as it would no longer be true: the embedded preview."),
        ("MakerNotes:Canon:OwnerName", "JPEG has no place for so much EXIF data, so the maker note was left out; …"),
        ("APP6:GoPro:Model", "…: what the camera or other programs keep in the file for themselves."),
        ("PNG:PNG:Author", "WebP has no place for these texts, which were left out: “Author”; PNG has."),
        ("IPTC:IPTC:Keywords", "WebP has no place for IPTC data, which were left out; JPEG, TIFF and PNG have."),
    ],
)
def test_a_tag_that_is_gone_is_lost_unless_a_note_says_so(key: str, note: str) -> None:
    assert lost_tags(BEFORE, AFTER, ()) == ()
    without = {name: value for name, value in AFTER.items() if name != key}
    assert lost_tags(BEFORE, without, ()) == (key,)
    assert lost_tags(BEFORE, without, (note,)) == ()
    other = "Not copied, as it cannot be read: damaged XMP data."
    assert lost_tags(BEFORE, without, (other,)) == (key,)


def test_a_tag_of_another_value_is_lost_and_one_in_another_place_is_not() -> None:
    assert lost_tags(BEFORE, {**AFTER, "IPTC:IPTC:Keywords": ["one"]}, ()) == ("IPTC:IPTC:Keywords",)
    moved = {name: value for name, value in AFTER.items() if name != "PNG:PNG:Author"}
    assert lost_tags(BEFORE, {**moved, "EXIF:IFD0:Artist": "Noor"}, ()) == ()


JFIF = {"JFIF:JFIF:XResolution": 300, "JFIF:JFIF:YResolution": 150, "JFIF:JFIF:ResolutionUnit": 1}
PHYS = {"PNG:PNG-pHYs:PixelsPerUnitX": 11811, "PNG:PNG-pHYs:PixelsPerUnitY": 5906, "PNG:PNG-pHYs:PixelUnits": 1}
OTHER = {"EXIF:IFD0:XResolution": 72, "EXIF:IFD0:YResolution": 72, "EXIF:IFD0:ResolutionUnit": 2}


def test_a_resolution_may_move_and_turn_but_not_be_lost_or_made_up() -> None:
    assert lost_tags(JFIF, PHYS, ()) == ()
    turned = {**JFIF, "JFIF:JFIF:XResolution": 150, "JFIF:JFIF:YResolution": 300}
    assert lost_tags(turned, PHYS, ()) == ()
    assert len(lost_tags(JFIF, {}, ())) == 1
    assert len(lost_tags(JFIF, {**PHYS, **OTHER}, ())) == 1
    assert len(lost_tags({}, OTHER, ())) == 1
    assert lost_tags({**JFIF, "JFIF:JFIF:ResolutionUnit": 0}, {}, ()) == ()  # a shape of the pixels only


def test_exif_says_how_a_photo_lies_and_else_xmp() -> None:
    assert orientation_in({"EXIF:IFD0:Orientation": 6, "XMP:XMP-tiff:Orientation": 3}) == 6
    assert orientation_in({"EXIF:IFD0:Orientation": 77, "XMP:XMP-tiff:Orientation": 3}) == 3
    assert orientation_in({}) == 1


def test_a_whole_photo_that_is_called_damaged_is_told_of() -> None:
    damaged = "“a.jpg” is cut short or damaged; copy it again from where it came from."
    assert [fault.kind for fault in untrue_refusal(damaged, is_valid=True)] == ["untrue refusal"]
    assert list(untrue_refusal(damaged, is_valid=False)) == []
    assert list(untrue_refusal("“a.png” is an HDR picture (PQ or HLG), …", is_valid=True)) == []


def test_the_table_counts_files_by_format_and_kind() -> None:
    faults = tuple(profile_faults(None, DISPLAY_P3, ()))
    lines = [
        Line("a.png", "PNG", "opened", True, faults=(*faults, *faults), differences={"Pillow": 0.0}),
        Line("b/c.jpg", "JPEG", "refused", True, "“c.jpg” is odd."),
        Line("d.jpg", "JPEG", "refused", False, "“d.jpg” is odd."),
    ]
    assert refused_share(lines) == (1, 2)
    made = table(lines)
    wrong = [1 if kind == "wrong pixels" else 0 for kind in (*TARGETS, *TO_JUDGE)]
    assert f"| PNG | 1 | 1 | 1 | 0 | 0 | {' | '.join(map(str, wrong))} |" in made
    assert "| JPEG | 2 | 0 | 0 | 1 | 1 |" in made
    assert "1 of 2 valid photographs were refused (50.0%)" in made
    assert "- JPEG: “…” is odd." in made
