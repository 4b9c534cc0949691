"""A photo and its project find one another by the picture, whichever was renamed, moved or linked."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import PhotoError, SidecarError
from nti_desktop.editing.finding import said_of_elsewhere
from nti_desktop.editing.opening import photo_to_open
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.reading.identify import identify
from nti_desktop.project.location import data_folder
from nti_desktop.project.sidecar import backup_path
from tests.sessions import BLUE, inverted


def draw(photo: Path, seed: int = 0) -> Path:
    photo.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 96, 3), np.uint8)).save(photo)
    return photo


def prepare(photo: Path, name: str = "Blue") -> Session:
    """Begin a project with one version, and save it."""
    session = Session.open(photo)
    session.keep_inversion(built_in(), "0" * 64, inverted(session))
    session.add_version(name, BLUE)
    session.save()
    return session


def versions(path: Path) -> list[str]:
    return [version.name for version in Session.open(path).project.versions]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return draw(tmp_path / "photos" / "IMG 1.JPG")


@pytest.mark.parametrize("name", ["Wedding.JPG", "IMG 1.jpg", "IMG 1.jpeg"])
def test_a_photo_that_was_renamed_finds_its_project(photo: Path, name: str) -> None:
    prepare(photo)
    renamed = photo.rename(photo.with_name(name))
    session = Session.open(renamed)
    assert [version.name for version in session.project.versions] == ["Blue"]
    session.add_version("Bluer", BLUE)
    session.save()
    assert versions(renamed) == ["Blue", "Bluer"]
    assert session.sidecar == photo.with_name("IMG 1.JPG.nti")
    assert photo_to_open(session.sidecar) == renamed


def test_on_request_the_project_moves_to_the_new_name_and_nothing_stays_at_the_old(photo: Path) -> None:
    old = prepare(photo).sidecar
    renamed = photo.rename(photo.with_name("Wedding.JPG"))
    session = Session.open(renamed)
    session.add_version("Bluer", BLUE)
    session.save()
    assert backup_path(old).exists()
    assert session.beside == renamed.with_name("Wedding.JPG.nti")
    session.working_copy.write(session.snapshot(session.beside, moves=True))
    assert sorted(each.name for each in photo.parent.iterdir()) == ["Wedding.JPG", "Wedding.JPG.nti"]
    assert session.sidecar == session.beside
    again = Session.open(renamed)
    assert again.beside is None
    assert [version.name for version in again.project.versions] == ["Blue", "Bluer"]
    again.working_copy.arrays(again.project.inversions[0].id)


def test_what_another_program_saved_meanwhile_stays_where_it_was(photo: Path) -> None:
    old = prepare(photo).sidecar
    renamed = photo.rename(photo.with_name("Wedding.JPG"))
    session, other = Session.open(renamed), Session.open(renamed)
    other.add_version("Other", BLUE)
    other.save()
    assert session.beside is not None
    session.working_copy.write(session.snapshot(session.beside, moves=True))
    assert old.exists()


def test_a_photo_that_was_moved_to_another_folder_finds_its_project(photo: Path, tmp_path: Path) -> None:
    prepare(photo)
    (tmp_path / "elsewhere").mkdir()
    moved = photo.rename(tmp_path / "elsewhere" / "Moved.JPG")
    assert versions(moved) == ["Blue"]


def test_a_project_that_came_with_its_photo_under_another_name_finds_it(photo: Path, tmp_path: Path) -> None:
    sidecar = prepare(photo).sidecar
    other = tmp_path / "other machine"
    other.mkdir()
    shutil.rmtree(data_folder().with_name("places"))
    draw(other / "A.JPG", seed=1)
    there = photo.rename(other / "B.JPG")
    project = Path(shutil.move(sidecar, other / "edits.nti"))
    assert photo_to_open(project) == there
    assert versions(project) == ["Blue"]
    assert versions(there) == ["Blue"]


def test_a_project_alone_finds_its_photo_where_it_was_seen_last(photo: Path, tmp_path: Path) -> None:
    sidecar = prepare(photo).sidecar
    project = Path(shutil.move(sidecar, tmp_path / "alone.nti"))
    assert photo_to_open(project) == photo
    photo.unlink()
    with pytest.raises(PhotoError, match="is not beside it"):
        photo_to_open(project)


def test_a_linked_photo_and_the_file_itself_have_one_project(photo: Path, tmp_path: Path) -> None:
    prepare(photo)
    (tmp_path / "work").mkdir()
    link = tmp_path / "work" / "Link.JPG"
    link.symlink_to(photo)
    session = Session.open(link)
    assert session.sidecar == photo.with_name("IMG 1.JPG.nti")
    assert session.beside is None  # it stays with the file
    hard = photo.with_name("Hard.JPG")
    os.link(photo, hard)
    assert versions(hard) == ["Blue"]


def test_the_project_that_was_begun_on_a_link_is_found_by_the_file_itself(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    link = tmp_path / "work" / "Link.JPG"
    link.symlink_to(photo)
    prepare(link)
    assert versions(photo) == ["Blue"]


def test_a_copy_of_a_photo_has_a_project_of_its_own(photo: Path) -> None:
    prepare(photo)
    copy = Path(shutil.copy(photo, photo.with_name("Copy.JPG")))
    assert versions(copy) == []
    prepare(copy, "Of the copy")
    assert versions(photo) == ["Blue"]
    assert versions(copy) == ["Of the copy"]


def test_copies_on_a_card_have_projects_of_their_own(tmp_path: Path) -> None:
    photo = draw(tmp_path / "DCIM" / "IMG 1.JPG")
    copy = Path(shutil.copy(photo, photo.with_name("IMG 2.JPG")))
    assert prepare(photo).sidecar.parent == data_folder()
    assert versions(copy) == []
    prepare(copy, "Of the copy")
    assert versions(photo) == ["Blue"]
    assert versions(copy) == ["Of the copy"]


def test_the_project_of_a_card_is_found_by_the_photo_that_was_copied_from_it_and_can_move_beside(
    tmp_path: Path,
) -> None:
    photo = draw(tmp_path / "DCIM" / "IMG 1.JPG")
    stored = prepare(photo).sidecar
    (tmp_path / "photos").mkdir()
    moved = photo.rename(tmp_path / "photos" / "IMG 1.JPG")
    session = Session.open(moved)
    assert session.sidecar == stored
    assert session.beside == moved.with_name("IMG 1.JPG.nti")
    session.working_copy.write(session.snapshot(session.beside, moves=True))
    assert not stored.exists()
    assert versions(moved) == ["Blue"]


def test_photos_that_have_changed_names_keep_their_projects(tmp_path: Path) -> None:
    one, two, three = (draw(tmp_path / f"{number}.JPG", seed=number) for number in (1, 2, 3))
    for photo, name in ((one, "One"), (two, "Two"), (three, "Three")):
        prepare(photo, name)
    shutil.rmtree(data_folder().with_name("places"))
    aside = one.rename(tmp_path / "aside")
    two.rename(one)
    three.rename(two)
    aside.rename(three)
    assert [versions(photo) for photo in (one, two, three)] == [["Two"], ["Three"], ["One"]]


def test_a_photo_that_took_the_name_of_another_is_told_so_where_it_has_no_project(tmp_path: Path) -> None:
    photo = draw(tmp_path / "1.JPG")
    prepare(photo)
    draw(photo, seed=1)
    with pytest.raises(SidecarError, match="belongs to another picture"):
        Session.open(photo)


def test_what_else_lies_in_the_folder_is_passed_over(photo: Path) -> None:
    prepare(photo)
    renamed = photo.rename(photo.with_name("Wedding.JPG"))
    for name, data in (("empty.nti", b""), ("broken.nti", b"PK\3\4" * 99)):
        (photo.parent / name).write_bytes(data)
    os.mkfifo(photo.parent / "fifo.nti")
    (photo.parent / "folder.nti").mkdir()
    (photo.parent / "gone.nti").symlink_to("nowhere")
    assert versions(renamed) == ["Blue"]


@pytest.mark.parametrize("name", ["n" * 5000, "..", "a\0b", "/etc/passwd", "."])
def test_whatever_a_project_says_of_its_photo_it_is_found_or_told_in_a_sentence(photo: Path, name: str) -> None:
    session = prepare(photo)
    session.working_copy.change(photo=session.project.photo.at(name, "/no/such/folder" * 200))
    session.save()
    project = session.sidecar.rename(photo.with_name("edits.nti"))
    assert photo_to_open(project) == photo
    photo.unlink()
    with pytest.raises(PhotoError, match="is not beside it"):
        photo_to_open(project)


def test_places_that_may_not_be_looked_at_are_passed_over(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As folders of other users are; the superuser may look everywhere."""
    session = prepare(photo)
    renamed = photo.rename(photo.with_name("Wedding.JPG"))
    closed = str(photo.parent / "IMG 1.JPG")
    stat = os.stat

    def refuses(path: str | Path, **options: bool) -> os.stat_result:
        if os.fspath(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refuses)
    assert versions(renamed) == ["Blue"]
    assert photo_to_open(session.sidecar) == renamed


def test_it_is_said_where_a_project_lies_that_does_not_lie_where_it_is_looked_for_first(photo: Path) -> None:
    assert said_of_elsewhere(data_folder() / "a.nti", photo).endswith("it could lie beside the photo.")
    link = photo.parent / "link"
    link.symlink_to(data_folder().parent, target_is_directory=True)
    in_it = link / data_folder().name / "a.nti"
    assert said_of_elsewhere(in_it, photo) == said_of_elsewhere(data_folder() / "a.nti", photo)
    assert said_of_elsewhere(photo.with_name("Old.jpg.nti"), photo) == (
        "The project of this photo is called “Old.jpg.nti”, as the photo was before."
    )
    elsewhere = photo.parent / "projects" / "Old.jpg.nti"
    assert said_of_elsewhere(elsewhere, photo) == f"The project of this photo was found as “{elsewhere}”."


def test_pictures_of_the_photos_kind_are_looked_at_first_and_folders_never(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = prepare(photo).sidecar
    renamed = photo.rename(photo.with_name("z.jpg"))
    draw(photo.with_name("a.png"), 1)
    draw(photo.with_name("zz.tif"), 2)
    photo.with_name("folder.jpg").mkdir()
    looked: list[str] = []

    def identified(picture: Path) -> str:
        looked.append(picture.name)
        return identify(picture)

    monkeypatch.setattr("nti_desktop.editing.finding.identify", identified)
    monkeypatch.setattr("nti_desktop.editing.finding.places", lambda _identity: ())
    assert photo_to_open(project) == renamed
    assert looked == ["z.jpg"]
    renamed.unlink()
    looked.clear()
    with pytest.raises(PhotoError):
        photo_to_open(project)
    assert looked == ["a.png", "zz.tif"]
