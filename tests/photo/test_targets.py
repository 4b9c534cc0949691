"""Names of exports: from a template, fit for any disk, and what happens when they are taken."""

from pathlib import Path

import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.export.targets import TEMPLATE, Conflict, check_target, name_from

FIELDS = {"photo": "IMG_0042", "version": "Version 1", "date": "2026-01-31"}


def test_a_template_is_filled_in() -> None:
    assert name_from(TEMPLATE, FIELDS) == "IMG_0042 - Version 1"
    assert name_from("{date} {photo}{photo}", FIELDS) == "2026-01-31 IMG_0042IMG_0042"


def test_an_unknown_field_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(PhotoError, match=r"unknown field “{camera}”; known are {photo}, {version}, {date}"):
        name_from("{photo} {camera}", FIELDS)


@pytest.mark.parametrize("template", ["", "   ", "...", ".hidden"])
def test_a_template_without_a_name_is_refused(template: str) -> None:
    with pytest.raises(PhotoError, match="no usable name"):
        name_from(template, FIELDS)


@pytest.mark.parametrize(
    ("version", "name"),
    [("a/b\\c", "a_b_c"), ('what? "this": <x|y>*', "what_ _this__ _x_y__"), ("..", None), ("tab\there", "tab_here")],
)
def test_a_versions_name_cannot_lead_into_another_folder(version: str, name: str | None) -> None:
    made = name_from("x{version}", {**FIELDS, "version": version})
    assert Path(made).name == made
    assert made == ("x" if name is None else f"x{name}")


def test_a_very_long_name_is_cut_without_breaking_a_letter() -> None:
    made = name_from("{version}", {**FIELDS, "version": "ä" * 500})
    assert set(made) == {"ä"}
    assert 150 <= len(made.encode()) <= 200


def test_names_that_windows_reserves_are_changed() -> None:
    assert name_from("{version}", {**FIELDS, "version": "CON"}) == "_CON"
    assert name_from("{version}", {**FIELDS, "version": "nul.x"}) == "_nul.x"


def test_a_taken_name_is_refused_replaced_skipped_or_numbered(tmp_path: Path) -> None:
    original, target = tmp_path / "photo.png", tmp_path / "edit.png"
    for path in (original, target, tmp_path / "edit (2).png"):
        path.touch()
    with pytest.raises(PhotoError, match="exists already"):
        check_target(target, original=original)
    assert check_target(target, original=original, conflict=Conflict.OVERWRITE) == target
    assert check_target(target, original=original, conflict=Conflict.SKIP) is None
    assert check_target(target, original=original, conflict=Conflict.UNIQUE) == tmp_path / "edit (3).png"
    assert check_target(tmp_path / "new.png", original=original, conflict=Conflict.SKIP) == tmp_path / "new.png"


@pytest.mark.parametrize("conflict", Conflict)
def test_no_policy_ever_allows_the_photo_itself(tmp_path: Path, conflict: Conflict) -> None:
    original = tmp_path / "photo.png"
    original.touch()
    with pytest.raises(PhotoError, match="is the photo itself"):
        check_target(original, original=original, conflict=conflict)


def test_a_numbered_name_is_never_the_photo_either(tmp_path: Path) -> None:
    original, target = tmp_path / "edit (2).png", tmp_path / "edit.png"
    original.touch()
    target.touch()
    assert check_target(target, original=original, conflict=Conflict.UNIQUE) == tmp_path / "edit (3).png"
