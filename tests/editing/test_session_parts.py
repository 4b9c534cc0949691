"""What a session says of its parts: edits taken out and put back, the size of a save, other models for an area."""

from dataclasses import replace
from pathlib import Path

from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord
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
