"""File managers offer the program for every kind of photo that the packages can open."""

import re
from pathlib import Path

import pytest

from nti_desktop.photo.reading.header import PICTURE_SUFFIXES, RAW_SUFFIXES

PACKAGING = Path(__file__).parents[2] / "packaging"
KINDS = Path("/usr/share/mime/globs2")
HEIC = {".heic", ".heif", ".hif"}  # the packages cannot: see THIRD-PARTY.md
OPENED = {*PICTURE_SUFFIXES, *RAW_SUFFIXES} - HEIC


def test_windows_offers_the_program_for_what_it_opens() -> None:
    script = (PACKAGING / "windows" / "nti-desktop.nsi").read_text("utf-8")
    assert set(re.findall(r"!insertmacro OfferFor (\S+)", script)) == OPENED


@pytest.mark.skipif(not KINDS.exists(), reason="shared-mime-info knows which suffix is of which kind")
def test_linux_offers_the_program_for_what_it_opens() -> None:
    entry = (PACKAGING / "linux" / "nti-desktop.desktop").read_text("utf-8")
    offered = set(re.findall(r"image/[\w-]+", entry))
    rows = (line.split(":") for line in KINDS.read_text("utf-8").splitlines() if not line.startswith("#"))
    kinds = {kind for _, kind, glob, *_ in rows if glob.removeprefix("*") in OPENED and kind.startswith("image/")}
    assert kinds <= offered
