"""What a session says of its parts: edits taken out and put back, the size of a save, other models for an area."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord
from nti_desktop.recipe.jobs import Addition
from tests.sessions import BLUE, GREEN, inverted, with_a_version


def test_an_edit_that_is_taken_out_comes_back_to_its_place(photo: Path) -> None:
    session = with_a_version(photo)
    whole = session.project.versions[0].inversion
    areas = [Area(0, 0, 48, 32), Area(8, 8, 48, 32)]
    others = tuple(
        PartRecord(
            recipe=RecipeRecord.of(GREEN),
            finish=FinishRecord(feather=0.0),
            inversion=session.keep_inversion(built_in(), "0" * 64, inverted(session, area=area), area).id,
        )
        for area in areas
    )
    version = session.add_version("Three", BLUE, inversion_id=whole, others=others)

    def inversions() -> list[str]:
        return [part.inversion for part in session.project.version(version.id).parts]

    before = inversions()
    for place in (2, 1):
        removed = session.drop_edit(version.id, before[place])
        assert inversions() == [each for n, each in enumerate(before) if n != place]
        session.put_back_edit(removed)
        assert inversions() == before


def test_the_size_of_a_save_is_that_of_the_project_its_backup_and_what_is_new(photo: Path) -> None:
    session = Session.open(photo)
    assert session.working_copy.size == 0
    made = inverted(session)
    session.keep_inversion(built_in(), "0" * 64, made)
    new = sum(array.nbytes for array in made.arrays.values())
    assert session.working_copy.size == new
    session.add_version("Blue", BLUE)
    session.save()
    assert session.working_copy.size == 2 * session.sidecar.stat().st_size


def test_another_model_could_be_the_one_only_where_it_sees_areas_as_large(photo: Path) -> None:
    session = with_a_version(photo)
    could_be = session.could_be_of(session.project.inversions[0])
    entry = built_in()
    assert could_be(entry)
    for size in (entry.native_size // 2, 2 * entry.native_size):
        assert not could_be(replace(entry, native_size=size))


def test_a_model_that_was_given_what_reads_pictures_is_the_same_model(photo: Path) -> None:
    session = with_a_version(photo)
    (record,) = session.project.inversions
    entry = built_in()
    session.meet_model(record.model_fingerprint, entry)
    reading = replace(entry.files, additions=(Addition(Path("adapter"), image_encoder=Path("encoder")),))
    changed = replace(entry.files, additions=(Addition(Path("lora")),))
    session.see_again(replace(entry, files=changed))
    assert session.known_model(record) == entry
    session.see_again(replace(entry, id="another", files=reading))
    assert session.known_model(record) == entry
    session.see_again(replace(entry, files=reading))
    assert session.known_model(record) == replace(entry, files=reading)


def test_an_edit_of_several_is_taken_out_with_the_picture_of_its_version(photo: Path) -> None:
    session = with_a_version(photo)
    whole, area = session.project.versions[0].inversion, Area(0, 0, 48, 32)
    corner = session.keep_inversion(built_in(), "0" * 64, inverted(session, area=area), area)
    other = PartRecord(recipe=RecipeRecord.of(GREEN), finish=FinishRecord(feather=0.0), inversion=corner.id)
    version = session.add_version("Two", BLUE, inversion_id=whole, others=(other,))
    session.working_copy.keep_preview(version.id, b"both")
    removed = session.drop_edit(version.id, whole)
    assert session.project.version(version.id).inversion == corner.id
    assert session.working_copy.preview_source(version.id).data is None
    session.put_back_edit(removed)
    assert session.project.version(version.id).inversion == whole
    assert session.working_copy.preview_source(version.id).data == b"both"


def test_what_another_models_arrays_are_missing_for_is_not_taken_up(photo: Path) -> None:
    session = with_a_version(photo)
    fresh = Session.open(photo)
    made = inverted(session)
    record = session.keep_inversion(built_in(), "0" * 64, made)
    with pytest.raises(SidecarError, match="What was not saved of this photo is damaged"):
        fresh.working_copy.take_up(session.project, {})
    assert len(fresh.project.inversions) == 1
    fresh.working_copy.take_up(session.project, {record.id: made.arrays})
    assert fresh.project == session.project
    assert dict(fresh.working_copy.new_arrays) == {record.id: made.arrays}


def test_a_project_that_is_full_takes_no_more_and_stays_as_it_was(photo: Path) -> None:
    session = with_a_version(photo)
    before = session.project
    (version,) = before.versions
    many = tuple(version.model_copy(update={"id": f"{number:016x}"}) for number in range(100_000))
    with pytest.raises(SidecarError, match="This project is full; delete versions"):
        session.working_copy.change(versions=many)
    assert session.project == before
    assert session.working_copy.saved_project == before


def test_a_photo_opens_as_it_is_open_until_it_or_its_project_is_another_on_the_disk(photo: Path) -> None:
    session = with_a_version(photo)
    session.add_version("Green", GREEN)
    assert session.opens_as(Session.open(photo)), "what is not saved lies nowhere"
    other = Session.open(photo)
    turned = replace(other.photo, orientation=6)
    assert not session.opens_as(Session(turned, other.working_copy, ()))
    session.save()
    assert session.opens_as(Session.open(photo))
    assert not other.opens_as(session)


def test_what_is_tried_aside_changes_nothing(photo: Path) -> None:
    session = Session.open(photo)
    record = session.keep_inversion(built_in(), "0" * 64, inverted(session))
    aside = session.working_copy.aside()
    assert aside.arrays(record.id) is session.working_copy.arrays(record.id)
    aside.keep_arrays("another", {})
    aside.change(inversions=())
    assert session.project.inversions == (record,)
    assert list(session.working_copy.new_arrays) == [record.id]


def test_a_project_that_cannot_be_renamed_stays_where_it_is(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = with_a_version(photo)
    before = session.sidecar

    def fail(_source: Path, _target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("nti_desktop.core.atomic.move", fail)
    with pytest.raises(SidecarError, match="could not be renamed"):
        session.working_copy.move_to(photo.with_name("another.nti"))
    assert session.sidecar == before
    monkeypatch.undo()
    taken = photo.with_name("taken.nti~")
    taken.touch()
    with pytest.raises(SidecarError, match="there is another one at"):
        session.working_copy.move_to(photo.with_name("taken.nti"))
    assert session.sidecar == before
    session.working_copy.move_to(photo.with_name("another.nti"))
    assert not before.exists()
    assert session.working_copy.stored is not None
    assert session.working_copy.stored.path == session.sidecar == photo.with_name("another.nti")
    session.add_version("Green", GREEN)
    session.save()
    assert len(Session.open(session.sidecar).project.versions) == 2
