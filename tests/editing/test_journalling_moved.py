"""What was not saved comes back though the photo was renamed, copied or turned since, or its project lies elsewhere."""

import shutil
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.journalling import reopened, unfinished
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.photo.orientation import combined, turned_area, undone
from tests.editing.test_journalling import Desktop
from tests.editing.test_journalling import desktop as desktop
from tests.editing.test_journalling import edited as edited
from tests.sessions import SOURCE, inverted, scene


def test_the_journal_of_a_photo_that_was_renamed_is_found_and_that_of_a_copy_is_not(edited: Desktop) -> None:
    copy = edited.photo.with_name("copy.png")
    copy.write_bytes(edited.photo.read_bytes())
    assert reopened(Session.open(copy)) == (None, None)
    copy.unlink()
    edited.photo = edited.photo.rename(copy)
    edited.crash()
    assert len(edited.session.project.versions) == 2
    assert edited.session.project.photo.name == "copy.png"


def test_what_was_not_saved_of_a_project_under_another_name_comes_back_with_that(edited: Desktop) -> None:
    edited.save()
    project, photo = edited.photo.with_name("another.nti"), edited.photo
    edited.session.save_as(project)
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    edited.crash()
    assert (edited.left, edited.session.notes) == (None, ())
    assert edited.document.edit_text != SOURCE.replace("red", "white")
    assert unfinished() == project
    assert unfinished([project]) is None
    edited.photo = project
    edited.crash()
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    assert edited.session.photo.path == photo


def test_what_was_not_saved_of_a_photo_is_gone_on_with_by_opening_the_photo(edited: Desktop) -> None:
    for _ in range(2):  # before the first save, and after it
        edited.note()
        edited.journalling.leave()
        assert unfinished() == edited.photo
        assert unfinished([edited.photo]) is None
        edited.save()
        edited.document.say_in_words(SOURCE.replace("red", "white"))


def test_a_project_is_not_saved_under_a_name_that_the_photo_had(edited: Desktop) -> None:
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    sidecar, edited.photo = edited.session.sidecar, edited.photo.rename(edited.photo.with_name("renamed.png"))
    sidecar.rename(edited.photo.with_name("renamed.png.nti"))
    with pytest.raises(SidecarError, match="has gone, too; give the photo its name back"):
        edited.save()
    assert not sidecar.exists()
    edited.crash()
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    edited.save()
    assert edited.document.undo()


@pytest.mark.parametrize("name", ["a copy.png", "z copy.png"])
def test_what_was_not_saved_of_a_copy_is_the_copys(edited: Desktop, name: str) -> None:
    copy = edited.photo.with_name(name)
    shutil.copyfile(edited.photo, copy)
    edited.note()
    edited.journalling.leave()
    assert Desktop(copy).left is None
    assert Desktop(edited.photo).left is not None


@pytest.mark.parametrize(("before", "after"), [(1, 6), (6, 1), (8, 3)])
def test_what_was_not_saved_of_a_photo_that_was_turned_since_is_turned_with_it(
    tmp_path: Path, before: int, after: int
) -> None:
    photo = tmp_path / "turned.jpg"

    def write(orientation: int) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        Image.fromarray(scene()).save(photo, exif=exif)

    write(before)
    desktop = Desktop(photo)
    width, height = desktop.session.photo.raster.size
    area = Area(0, 0, width - 30, height - 20)
    desktop.document.work_on(area)
    desktop.document.describe(SOURCE)
    made = inverted(desktop.session, area=area)
    desktop.document.prepared(built_in(), [AreaInversion(area, "0" * 64, made)])
    desktop.note()
    write(after)
    desktop.crash()
    assert desktop.left is not None
    turned_to = turned_area((area.x, area.y, area.width, area.height), (width, height), combined(undone(before), after))
    (frame,) = desktop.session.project.frames
    assert (frame.x, frame.y, frame.width, frame.height) == turned_to
    assert desktop.session.project.photo.orientation == after
    assert not desktop.document.can_undo, "areas that are written there lie otherwise now"
    assert desktop.session.working_copy.dirty
