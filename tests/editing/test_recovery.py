"""Bringing back the project of a photo, and what is said of it."""

from pathlib import Path

import pytest

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.recovery import bring_back, said, said_of_lost
from nti_desktop.editing.session import Session
from tests.sessions import GREEN, with_a_version


@pytest.mark.parametrize("by_photo", [False, True])
def test_a_damaged_project_comes_back_by_its_photo_or_by_itself(photo: Path, by_photo: bool) -> None:
    session = with_a_version(photo)
    session.add_version("Green", GREEN)
    session.save()
    session.sidecar.write_bytes(b"damaged")
    recovered = bring_back(photo if by_photo else session.sidecar)
    assert recovered.kept is not None
    assert said(recovered) == (
        "“scene.png.nti” was brought back as it was before its last save; the damaged file is kept as "
        f"“{recovered.kept.name}”."
    )
    assert [version.name for version in Session.open(photo).project.versions] == ["Blue"]


def test_a_project_that_is_gone_comes_back_by_its_photo(photo: Path) -> None:
    session = with_a_version(photo)
    session.add_version("Green", GREEN)
    session.save()
    session.sidecar.unlink()
    assert "“scene.png.nti~”" in said_of_lost(session.sidecar)
    assert said(bring_back(photo)) == "“scene.png.nti” was brought back as it was before its last save."


def test_a_photo_that_never_had_one_says_so(photo: Path) -> None:
    with pytest.raises(SidecarError, match=r"“scene\.png” has no project that could be brought back"):
        bring_back(photo)
