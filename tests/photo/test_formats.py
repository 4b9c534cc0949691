"""A format of exports is one row: the dialog, the command line and the errors read it."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import PhotoError
from nti_desktop.gui.export.export_dialog import ExportDialog
from nti_desktop.photo.export import formats
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.formats import FORMATS, Content, Format, format_of
from nti_desktop.photo.raster import Raster


def write_sums(file: BinaryIO, content: Content) -> None:
    file.write(str(content.picture.pixels.sum()).encode())


@pytest.fixture
def throwaway(monkeypatch: pytest.MonkeyPatch) -> Format:
    """A format that is good for nothing but this test."""
    row = Format("Sum", (".sum",), "A sum", write_sums, longest_side=100)
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, row))
    monkeypatch.setattr("nti_desktop.gui.export.export_dialog.FORMATS", (*FORMATS, row))
    return row


def test_suffixes_are_lower_case_and_belong_to_one_format() -> None:
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in suffixes)
    assert all(format_of(Path(f"a{suffix.upper()}")) in FORMATS for suffix in suffixes)


def test_a_new_format_is_one_row(throwaway: Format, tmp_path: Path, qtbot: QtBot) -> None:
    original = tmp_path / "photo.png"
    picture = Raster(np.ones((4, 5, 3), np.uint8))
    export_picture(picture, original, original=tmp_path / "none.png")
    written = export_picture(picture, tmp_path / "edit.sum", original=original)
    assert written.path is not None
    assert written.path.read_bytes() == b"60"
    with pytest.raises(PhotoError, match="A Sum picture has at most 100 pixels a side"):
        export_picture(Raster(np.ones((4, 101, 3), np.uint8)), tmp_path / "wide.sum", original=original)
    with pytest.raises(PhotoError, match=r"\.avif, \.ora or \.sum"):
        format_of(Path("a.gif"))
    dialog = ExportDialog(None)
    qtbot.addWidget(dialog)
    assert dialog.format.itemText(dialog.format.count() - 1) == "A sum"
