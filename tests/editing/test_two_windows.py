"""One photo open in two windows, or in a window and on the command line: each saves, and neither loses anything."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.recovery import bring_back
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.project import merge
from nti_desktop.project.schema import SCHEMA_VERSION
from nti_desktop.project.sidecar import backup_path, read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.sessions import BLUE, GREEN, inverted, scene, with_a_version

RED = EditRecipe("a red cube on a table")


def names(path: Path) -> set[str]:
    return {version.name for version in read_sidecar(path).project.versions}


def test_what_both_saved_is_on_the_disk_and_in_the_one_that_saved_last(photo: Path) -> None:
    mine, theirs = with_a_version(photo), Session.open(photo)
    theirs.add_version("Green", GREEN)
    assert theirs.save() == ()
    red = mine.add_version("Red", RED)
    (sentence,) = mine.save()
    assert "“Green”" in sentence
    assert names(mine.sidecar) == {version.name for version in mine.project.versions} == {"Blue", "Green", "Red"}
    assert mine.project.current == red.id
    assert not mine.working_copy.dirty


def test_two_that_both_prepared_a_new_photo_keep_both_preparations(photo: Path) -> None:
    sessions = [Session.open(photo), Session.open(photo)]
    made = [inverted(session, seed) for seed, session in enumerate(sessions)]
    for session, inversion, recipe in zip(sessions, made, (BLUE, GREEN), strict=True):
        session.keep_inversion(built_in(), "0" * 64, inversion)
        session.add_version(recipe.prompt, recipe)
        session.save()
    again = Session.open(photo)
    assert {version.name for version in again.project.versions} == {BLUE.prompt, GREEN.prompt}
    assert len(again.project.frames) == 1
    for version in again.project.versions:
        seed = [BLUE.prompt, GREEN.prompt].index(version.name)
        np.testing.assert_array_equal(again.working_copy.arrays(version.inversion)["pivot"], made[seed].arrays["pivot"])


def test_a_version_changed_in_both_is_kept_twice_with_both_pictures(photo: Path) -> None:
    mine, theirs = with_a_version(photo), Session.open(photo)
    (blue,) = mine.project.versions
    for session, recipe, seed in ((theirs, GREEN, 2), (mine, RED, 3)):
        session.change_version(blue.id, recipe=recipe)
        session.working_copy.keep_preview(blue.id, encode_preview(Raster(scene(seed))))
        session.save()
    again = Session.open(photo)
    own, copy = again.project.versions
    assert (own.name, copy.name) == ("Blue", "Blue (changed elsewhere)")
    assert (own.recipe.prompt, copy.recipe.prompt) == (RED.prompt, GREEN.prompt)
    for version, seed in ((own, 3), (copy, 2)):
        expected = Raster(scene(seed))
        shown = again.working_copy.preview(version.id)
        assert shown is not None
        assert encode_preview(Raster(shown)) == encode_preview(Raster(decoded(encode_preview(expected))))


def decoded(preview: bytes) -> np.ndarray:
    from nti_desktop.editing.previews import decode_preview

    pixels = decode_preview(preview)
    assert pixels is not None
    return pixels


def test_what_changes_while_a_save_merges_is_still_to_be_saved(photo: Path) -> None:
    mine, theirs = with_a_version(photo), Session.open(photo)
    theirs.add_version("Green", GREEN)
    theirs.save()
    mine.add_version("Red", RED)
    snapshot = mine.working_copy.snapshot()
    saved = snapshot.write()
    mine.change_version(mine.project.versions[0].id, name="Bluer")
    mine.working_copy.saved(snapshot, saved)
    assert {version.name for version in mine.project.versions} == {"Bluer", "Green", "Red"}
    assert mine.working_copy.dirty
    mine.save()
    assert names(mine.sidecar) == {"Bluer", "Green", "Red"}


def test_a_sidecar_that_was_deleted_meanwhile_is_written_again_whole(photo: Path) -> None:
    first = with_a_version(photo)
    (blue,) = first.project.versions
    first.working_copy.keep_preview(blue.id, encode_preview(Raster(scene(2))))
    first.add_version("Green", GREEN)
    first.save()
    arrays = first.working_copy.arrays(blue.inversion)

    session = Session.open(photo)
    session.change_version(blue.id, name="Bluer")
    session.sidecar.unlink()
    backup_path(session.sidecar).unlink()
    session.save()
    again = Session.open(photo)
    assert {version.name for version in again.project.versions} == {"Bluer", "Green"}
    np.testing.assert_array_equal(again.working_copy.arrays(blue.inversion)["pivot"], arrays["pivot"])
    assert again.working_copy.preview(blue.id) is not None


def newer(path: Path) -> None:
    """As a newer program with another format would have saved it."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    tree = json.loads(members["project.json"]) | {"schema_version": SCHEMA_VERSION + 1}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (members | {"project.json": json.dumps(tree).encode()}).items():
            new.writestr(zipfile.ZipInfo(name), data)


def of_another_photo(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    tree = json.loads(members["project.json"])
    tree["photo"]["identity"] = "b" * 64
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (members | {"project.json": json.dumps(tree).encode()}).items():
            new.writestr(zipfile.ZipInfo(name), data)


def damaged(path: Path) -> None:
    path.with_name("damaged").write_bytes(path.read_bytes()[:-7])
    path.with_name("damaged").replace(path)


def overwritten(path: Path) -> None:
    """In its place, so that nothing can be read of what was there."""
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (newer, "a newer version"),
        (of_another_photo, "another picture"),
        (damaged, "damaged"),
        (overwritten, "damaged"),
    ],
)
def test_what_cannot_be_merged_is_saved_beside_and_goes_on_there(
    photo: Path, change: Callable[[Path], None], reason: str
) -> None:
    first = with_a_version(photo)
    first.change_version(first.project.versions[0].id, finish=Finish(0.1))
    first.save()  # what was saved before is kept
    session = Session.open(photo)
    sidecar = session.sidecar
    change(sidecar)
    theirs = sidecar.read_bytes()
    session.add_version("Red", RED)
    (sentence,) = session.save()
    beside = sidecar.with_name("scene.png (2).nti")
    assert reason in sentence
    assert f"“{beside.name}”" in sentence
    assert sidecar.read_bytes() == theirs
    assert session.sidecar == beside
    session.add_version("Green", GREEN)
    assert session.save() == ()
    again = Session.open(beside)
    assert again.photo.path == photo
    assert {version.name for version in again.project.versions} == {"Blue", "Red", "Green"}


def test_what_a_deleted_file_had_stays_though_another_program_goes_on_from_the_state_before(photo: Path) -> None:
    mine = with_a_version(photo)
    mine.add_version("Red", RED)
    mine.save()
    mine.sidecar.unlink()
    bring_back(photo)  # without the last save
    theirs = Session.open(photo)
    theirs.add_version("Green", GREEN)
    theirs.save()
    mine.change_version(mine.project.versions[0].id, name="Bluer")
    mine.save()
    assert names(photo.with_name("scene.png.nti")) == {"Bluer", "Red", "Green"}


def test_what_another_program_never_had_is_not_deleted_where_it_began_the_file_anew(photo: Path) -> None:
    mine, theirs = with_a_version(photo), Session.open(photo)
    mine.add_version("Red", RED)
    mine.change_version(mine.project.versions[0].id, name="Bluer")
    mine.save()
    mine.sidecar.unlink()
    theirs.add_version("Green", GREEN)
    theirs.save()
    mine.add_version("Yellow", GREEN)
    mine.save()
    assert names(mine.sidecar) == {"Blue (changed elsewhere)", "Bluer", "Red", "Green", "Yellow"}


def test_what_was_changed_since_an_old_copy_stays_where_that_was_put_back(photo: Path) -> None:
    mine = with_a_version(photo)
    old = mine.sidecar.read_bytes()
    for name in ("Red", "Green"):
        mine.add_version(name, RED)
        mine.save()
    mine.sidecar.write_bytes(old)
    mine.add_version("Yellow", GREEN)
    mine.save()
    assert names(mine.sidecar) == {"Blue", "Red", "Green", "Yellow"}


def test_what_another_program_deleted_is_gone_however_often_it_saved(photo: Path) -> None:
    mine = with_a_version(photo)
    mine.add_version("Red", RED)
    mine.save()
    theirs = Session.open(photo)
    theirs.delete_version(theirs.project.versions[0].id)
    for name in ("Green", "Greener"):
        theirs.add_version(name, GREEN)
        theirs.save()
    mine.add_version("Yellow", GREEN)
    mine.save()
    assert names(mine.sidecar) == {"Red", "Green", "Greener", "Yellow"}


def test_together_too_many_go_beside(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = with_a_version(photo), Session.open(photo)
    theirs.add_version("Green", GREEN)
    theirs.save()
    mine.add_version("Red", RED)

    def full(*_projects: object) -> None:
        raise merge.Unmergeable("together they are too large for one project")

    monkeypatch.setattr("nti_desktop.project.saving.merge", full)
    (sentence,) = mine.save()
    assert "too large" in sentence
    assert names(photo.with_name("scene.png.nti")) == {"Blue", "Green"}
    assert names(mine.sidecar) == {"Blue", "Red"}


def test_saved_under_another_name_it_goes_on_there_with_all_it_had(photo: Path, tmp_path: Path) -> None:
    session = Session.open(with_a_version(photo).photo.path)
    (blue,) = session.project.versions
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    session.save_as(elsewhere / "mine.nti")
    session.add_version("Red", RED)
    session.save()
    assert names(photo.with_name("scene.png.nti")) == {"Blue"}
    assert names(elsewhere / "mine.nti") == {"Blue", "Red"}
    assert read_sidecar(elsewhere / "mine.nti").arrays(blue.inversion)
    assert Session.open(elsewhere / "mine.nti").photo.path == photo


@pytest.mark.parametrize("name", ["renamed.png", os.fsdecode(b"caf\xe9.png")])
def test_a_project_that_is_saved_elsewhere_finds_its_photo_by_the_name_it_has_now(
    photo: Path, tmp_path: Path, name: str
) -> None:
    sidecar = with_a_version(photo).sidecar
    photo = photo.rename(photo.with_name(name))
    sidecar = sidecar.rename(photo.with_name(f"{name}.nti"))
    session = Session.open(photo)
    assert not session.working_copy.dirty
    session.add_version("Red", RED)
    damaged(sidecar)
    (sentence,) = session.working_copy.write(session.snapshot())
    assert session.sidecar.name in sentence
    assert not session.working_copy.dirty
    if name.isascii():  # what is no text, a project cannot say
        assert Session.open(session.sidecar).photo.path == photo


def test_saved_under_the_name_of_another_project_of_the_photo_both_are_kept(photo: Path, tmp_path: Path) -> None:
    first = with_a_version(photo)
    first.sidecar.rename(tmp_path / "other.nti")
    second = with_a_version(photo)
    second.add_version("Green", GREEN)
    second.save_as(tmp_path / "other.nti")
    assert [v.name for v in read_sidecar(tmp_path / "other.nti").project.versions] == ["Blue", "Blue", "Green"]


def test_a_project_whose_folder_is_gone_can_be_saved_elsewhere_whole(photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    moved = photo.rename(folder / photo.name)
    session = Session.open(with_a_version(moved).photo.path)
    (blue,) = session.project.versions
    session.add_version("Red", RED)
    folder.rename(tmp_path / "renamed")
    with pytest.raises(SidecarError, match="folder is gone"):
        session.save()
    session.save_as(tmp_path / "kept.nti")
    stored = read_sidecar(tmp_path / "kept.nti")
    assert {version.name for version in stored.project.versions} == {"Blue", "Red"}
    assert stored.arrays(blue.inversion)
