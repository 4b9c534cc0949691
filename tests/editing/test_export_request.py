"""What an export is asked for, and what of it is remembered."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.editing.export_request import ExportRequest, from_json, to_json
from nti_desktop.photo.export.targets import Conflict

PHOTO = Path("/photos/IMG 1.JPG")


def test_the_file_lies_beside_the_photo_or_in_the_folder_that_was_chosen() -> None:
    request = ExportRequest(template="{photo} {version}", suffix=".tif")
    assert request.target(PHOTO, "Blue") == Path("/photos/IMG 1 Blue.tif")
    assert replace(request, folder=Path("/out")).target(PHOTO, "Blue") == Path("/out/IMG 1 Blue.tif")
    dated = ExportRequest(template="{date}").target(PHOTO, "Blue")
    assert dated == Path(f"/photos/{date.today().isoformat()}.jpg")
    with pytest.raises(PhotoError):
        ExportRequest(template="{nothing}").target(PHOTO, "Blue")


def test_all_but_the_folder_is_remembered() -> None:
    request = ExportRequest(Path("/out"), "{version}", ".png", Conflict.OVERWRITE)
    assert from_json(to_json(request)) == replace(request, folder=None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"conflict": "unheard of"}', to_json(ExportRequest())[:-9]])
def test_anything_else_is_the_usual_request(text: str) -> None:
    assert from_json(text) == ExportRequest()
