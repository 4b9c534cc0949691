"""One open photo: opening with and without a project, changing, saving, and what is refused."""

import subprocess
import zipfile
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from nti_desktop.core.errors import PhotoError, RecipeError, SidecarError
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.editing.working_copy import READ
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area, frame_image
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.raster import Raster
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import SCHEMA_VERSION, FinishRecord, PartRecord
from nti_desktop.project.sidecar import SidecarDamaged, read_sidecar, write_sidecar
from nti_desktop.recipe.jobs import Figures, Rendered
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, WordControl
from tests.sessions import BLUE, GREEN, SOURCE, invert, inverted, scene, with_a_version


def test_a_fresh_photo_has_an_empty_project_and_nothing_to_save(photo: Path) -> None:
    session = Session.open(photo)
    assert session.project.versions == session.project.inversions == ()
    assert session.inversion() is None
    assert not session.working_copy.dirty
    session.save()
    assert not session.sidecar.exists()


def test_what_was_saved_is_what_opens_again(photo: Path) -> None:
    session = Session.open(photo)
    made = inverted(session, method=Method.NULL_TEXT)
    record = session.keep_inversion(built_in(), fingerprint(built_in()), made)
    version = session.add_version("Blue", BLUE, Finish(0.05))
    session.working_copy.keep_preview(version.id, encode_preview(Raster(scene(2))))
    assert session.working_copy.dirty
    session.save()
    assert not session.working_copy.dirty

    again = Session.open(photo)
    assert again.project == session.project
    assert again.project.current == version.id
    assert again.project.version(version.id).recipe.recipe() == BLUE
    job = render_job(again, BLUE)
    assert (job.inversion_id, job.settings, job.model) == (record.id, made.settings, built_in().files)
    np.testing.assert_array_equal(job.arrays["pivot"], made.arrays["pivot"])
    np.testing.assert_array_equal(job.arrays["null_embeddings"], made.arrays["null_embeddings"])
    preview = again.working_copy.preview(version.id)
    assert preview is not None
    assert preview.shape == scene(2).shape
    assert not again.working_copy.dirty


def test_a_project_opens_by_its_own_file(photo: Path) -> None:
    session = with_a_version(photo)
    again = Session.open(session.sidecar)
    assert again.photo.path == photo
    assert again.project == session.project


def test_a_project_without_its_photo_says_which_photo_is_missing(photo: Path) -> None:
    session = with_a_version(photo)
    photo.unlink()
    with pytest.raises(PhotoError, match=r"“scene\.png”"):
        Session.open(session.sidecar)


def test_photo_and_project_may_be_renamed_together(photo: Path) -> None:
    session = with_a_version(photo)
    renamed = photo.rename(photo.with_name("holiday.png"))
    session.sidecar.rename(renamed.with_name("holiday.png.nti"))
    assert Session.open(renamed).project.versions == session.project.versions
    assert Session.open(renamed.with_name("holiday.png.nti")).photo.path == renamed


def test_the_project_of_another_photo_is_refused_and_kept(photo: Path) -> None:
    session = with_a_version(photo)
    before = session.sidecar.read_bytes()
    Image.fromarray(scene(3)).save(photo)
    for path in (photo, session.sidecar):
        with pytest.raises(SidecarError, match="belongs to another picture"):
            Session.open(path)
    assert session.sidecar.read_bytes() == before


def test_a_damaged_project_is_refused_and_kept(photo: Path) -> None:
    session = with_a_version(photo)
    damaged = session.sidecar.read_bytes()[:-500]
    session.sidecar.write_bytes(damaged)
    with pytest.raises(SidecarDamaged):
        Session.open(photo)
    assert session.sidecar.read_bytes() == damaged


def test_new_metadata_keeps_the_project(photo: Path) -> None:
    session = with_a_version(photo)
    stars = PngImagePlugin.PngInfo()
    stars.add_text("Rating", "5")
    Image.open(photo).save(photo, pnginfo=stars)
    assert Session.open(photo).project == session.project


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_the_edits_of_a_photo_turned_by_another_program_are_turned_with_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"turned{suffix}"
    Image.fromarray(scene()).save(path)
    session = with_a_version(path)
    version, inversion = session.project.versions[0].id, session.project.inversions[0].id
    session.working_copy.keep_preview(version, encode_preview(session.photo.raster))
    session.save()
    as_it_was = Session.open(path)
    subprocess.run(["exiftool", "-q", "-Rating=5", "-Orientation#=6", "-overwrite_original", path], check=True)

    again = Session.open(path)
    assert any("turned" in note for note in again.notes)
    assert np.array_equal(again.photo.pixels, turned(as_it_was.photo.pixels, 6))
    part = RenderedPart(half_darkened(as_it_was), Finish(), inversion)
    now, then = again.composition.compose([part]).pixels, as_it_was.composition.compose([part]).pixels
    assert np.array_equal(now, turned(then, 6))
    seen, seen_before = (frame_image(s.photo.raster, s.frame(inversion)) for s in (again, as_it_was))
    assert np.abs(seen.astype(int) - seen_before).mean() < 2  # the model sees the picture it was inverted from
    preview, preview_before = again.working_copy.preview(version), as_it_was.working_copy.preview(version)
    assert preview is not None
    assert preview_before is not None
    assert np.abs(preview.astype(int) - turned(preview_before, 6)).mean() < 12  # of noise; a wrong turn gives 80

    assert not again.working_copy.dirty  # it was only opened
    again.change_version(version, name="Turned")
    again.save()
    reopened = Session.open(path)
    assert reopened.project == again.project
    assert not any("turned" in note for note in reopened.notes)
    for session in (again, reopened):  # the previews on the disk were turned when they were saved
        kept = session.working_copy.preview(version)
        assert kept is not None
        assert np.abs(kept.astype(int) - turned(preview_before, 6)).mean() < 14


def test_a_newer_project_can_be_looked_at_but_not_changed(photo: Path) -> None:
    session = with_a_version(photo)
    version = session.project.versions[0]
    project = session.project.model_copy(update={"schema_version": SCHEMA_VERSION + 8})
    _write_as_it_is(session.sidecar, project.model_dump_json(indent=1).encode())

    again = Session.open(photo)
    before = session.sidecar.read_bytes()
    assert again.read_only is not None
    assert again.read_only in again.notes
    again.select_version(version.id)
    assert not again.working_copy.dirty
    for change in (
        lambda: again.add_version("Green", GREEN),
        lambda: again.change_version(version.id, name="Red"),
        lambda: again.delete_version(version.id),
        lambda: again.working_copy.keep_preview(version.id, encode_preview(Raster(scene()))),
        lambda: invert(again),
    ):
        with pytest.raises(SidecarError, match="newer version"):
            change()
    again.save()
    assert session.sidecar.read_bytes() == before


def test_looking_is_no_change_and_is_kept_with_the_next_one(photo: Path) -> None:
    session = Session.open(photo)
    whole = invert(session)
    corner = session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, 1), Area(0, 0, 48, 32)).id
    part = PartRecord(recipe=RecipeRecord.of(GREEN), finish=FinishRecord(feather=0.0), inversion=corner)
    first = session.add_version("Both", BLUE, inversion_id=whole, others=(part,))
    session.add_version("Blue", BLUE, inversion_id=whole)
    session.save()
    before = session.sidecar.read_bytes()

    again = Session.open(photo)
    again.select_version(first.id)
    for inversion in (whole, corner, corner):
        again.work_on(first.id, inversion)
        assert again.project.version(first.id).inversion == inversion
        assert again.project.version(first.id).look == first.look
    again.working_copy.keep_preview(first.id, encode_preview(Raster(scene(2))))
    assert not again.working_copy.dirty
    again.save()
    assert session.sidecar.read_bytes() == before

    again.change_version(first.id, name="All")
    assert again.working_copy.dirty
    again.save()
    assert not again.working_copy.dirty
    last = Session.open(photo)
    assert (last.project.current, last.inversion()) == (first.id, last.project.inversion(corner))
    assert last.working_copy.preview(first.id) is not None


def test_the_picture_of_a_changed_edit_is_worth_saving_whenever_it_comes(photo: Path) -> None:
    session = with_a_version(photo)
    version = session.project.versions[0].id
    again = Session.open(photo)
    again.change_version(version, recipe=GREEN)
    again.save()
    again.working_copy.keep_preview(version, encode_preview(Raster(scene(2))))
    assert again.working_copy.dirty
    again.save()
    assert not again.working_copy.dirty
    assert Session.open(photo).working_copy.preview(version) is not None


def test_the_areas_of_a_project_that_cannot_be_changed_can_be_looked_at(photo: Path) -> None:
    session = with_a_version(photo)
    version = session.project.versions[0]
    corner = session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, 1), Area(0, 0, 48, 32)).id
    part = PartRecord(recipe=RecipeRecord.of(GREEN), finish=FinishRecord(feather=0.0), inversion=corner)
    both = session.add_version("Both", BLUE, inversion_id=version.inversion, others=(part,))
    session.save()
    project = session.project.model_copy(update={"schema_version": SCHEMA_VERSION + 8})
    _write_as_it_is(session.sidecar, project.model_dump_json(indent=1).encode())
    again = Session.open(photo)
    again.work_on(both.id, corner)
    assert again.project.version(both.id).inversion == corner
    assert not again.working_copy.dirty


def test_a_newer_project_of_a_photo_that_was_turned_has_nothing_to_save(tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    Image.fromarray(scene()).save(path)
    session = with_a_version(path)
    session.working_copy.keep_preview(session.project.versions[0].id, encode_preview(session.photo.raster))
    session.save()
    project = session.project.model_copy(update={"schema_version": SCHEMA_VERSION + 8})
    _write_as_it_is(session.sidecar, project.model_dump_json(indent=1).encode())
    subprocess.run(["exiftool", "-q", "-Orientation#=6", "-overwrite_original", path], check=True)
    again = Session.open(path)
    assert again.read_only is not None
    preview = again.working_copy.preview(again.project.versions[0].id)
    assert preview is not None
    assert preview.shape[:2] == again.photo.pixels.shape[:2]
    assert not again.working_copy.dirty
    again.save()


def _write_as_it_is(path: Path, json: bytes) -> None:
    """The sidecar with another project.json, as a program with another schema would write it."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()} | {"project.json": json}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(zipfile.ZipInfo(name), data)


def test_what_changes_while_a_save_is_under_way_is_still_to_be_saved(photo: Path) -> None:
    session = with_a_version(photo)
    blue = session.project.versions[0]
    session.working_copy.keep_preview(blue.id, encode_preview(Raster(scene(2))))
    snapshot = session.working_copy.snapshot()
    session.working_copy.keep_preview(blue.id, encode_preview(Raster(scene(3))))
    green = session.add_version("Green", GREEN)
    session.working_copy.saved(snapshot, snapshot.write())
    assert session.working_copy.dirty
    session.save()
    again = Session.open(photo)
    assert again.project.current == green.id
    assert again.working_copy.preview(blue.id) is not None
    np.testing.assert_array_equal(again.working_copy.preview(blue.id), session.working_copy.preview(blue.id))


def test_a_project_that_is_renamed_while_a_save_is_under_way_stays_where_it_went(photo: Path) -> None:
    session = with_a_version(photo)
    session.add_version("Green", GREEN)
    working_copy, elsewhere = session.working_copy, photo.with_name("a.png.nti")
    snapshot = working_copy.snapshot()
    saved = snapshot.write()
    working_copy.move_to(elsewhere)
    working_copy.saved(snapshot, saved)
    assert working_copy.sidecar == elsewhere


def test_of_many_inversions_only_the_arrays_that_were_used_last_stay_in_memory_once_they_are_saved(photo: Path) -> None:
    session = Session.open(photo)
    copy, made = session.working_copy, [invert(session, seed) for seed in range(READ + 3)]
    pivots = [ref(copy.arrays(inversion)["pivot"]) for inversion in made]
    assert all(pivot() is not None for pivot in pivots)
    session.save()
    assert [pivot() is not None for pivot in pivots] == [False] * 3 + [True] * READ
    read = copy.arrays(made[0])
    np.testing.assert_allclose(read["pivot"], inverted(session, 0).arrays["pivot"], atol=0.01)
    for inversion in made[1:READ]:
        copy.arrays(inversion)
    assert copy.arrays(made[0]) is read


def test_saving_twice_leaves_the_file_alone(photo: Path) -> None:
    session = with_a_version(photo)
    before = session.sidecar.stat()
    session.save()
    Session.open(photo).save()
    after = session.sidecar.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_a_new_inversion_is_the_current_one_until_a_version_is_chosen(photo: Path) -> None:
    session = with_a_version(photo)
    blue = session.project.versions[0]
    newer = invert(session, seed=5)
    record = session.inversion()
    assert record is not None
    assert record.id == newer
    assert len(session.project.frames) == 1  # of the same rectangle
    session.select_version(blue.id)
    record = session.inversion()
    assert record is not None
    assert record.id == blue.inversion != newer


def test_a_changed_version_loses_its_preview(photo: Path) -> None:
    session = with_a_version(photo)
    blue = session.project.versions[0]
    session.working_copy.keep_preview(blue.id, encode_preview(Raster(scene(2))))
    session.save()
    session.change_version(blue.id, name="Sea")
    assert session.working_copy.preview(blue.id) is not None
    session.change_version(blue.id, recipe=GREEN)
    assert session.working_copy.preview(blue.id) is None
    session.save()
    again = Session.open(photo)
    assert again.project.versions[0].name == "Sea"
    assert again.working_copy.preview(blue.id) is None


def test_deleting_the_shown_version_shows_another(photo: Path) -> None:
    session = with_a_version(photo)
    blue = session.project.versions[0]
    green = session.add_version("Green", GREEN, made_from=blue.id)
    session.delete_version(green.id)
    assert session.project.current == blue.id
    session.delete_version(blue.id)
    assert session.project.current is None
    session.save()
    assert Session.open(photo).project.versions == ()


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_version_needs_a_name_of_sensible_length(photo: Path, name: str) -> None:
    session = with_a_version(photo)
    with pytest.raises(RecipeError, match="name"):
        session.add_version(name, GREEN)


def test_a_recipe_that_asks_for_nothing_is_the_photo_itself(photo: Path) -> None:
    session = with_a_version(photo)
    assert session.is_the_photo(EditRecipe(SOURCE))
    assert session.is_the_photo(EditRecipe(f" {SOURCE} ", words=(WordControl(1, "red", 1.0),)))
    assert session.is_the_photo(EditRecipe(f"{SOURCE.title()}."))
    assert not session.is_the_photo(EditRecipe(SOURCE, words=(WordControl(1, "red", 2.0),)))
    assert not session.is_the_photo(BLUE)


def half_darkened(session: Session) -> Rendered:
    """A render that is darker in its left half, where its mask is."""
    frame = session.frame_for(built_in())
    shape = (frame.model_height, frame.model_width)
    mask = np.zeros(shape, np.float32)
    mask[:, : shape[1] // 2] = 1
    source = np.full((*shape, 3), 0.5, np.float32)
    return Rendered(
        BLUE, source * 0.2, source, np.zeros((4, 4, 4), np.float32), mask, 0.5, np.zeros((6, 8, 8), np.float32), 0.5,
        Figures(1.0, 10),
    )  # fmt: skip


def test_composing_keeps_the_size_and_what_lies_outside_the_mask(photo: Path) -> None:
    session = with_a_version(photo)
    picture = session.composition.compose(
        [RenderedPart(half_darkened(session), Finish(), session.project.inversions[0].id)]
    ).pixels
    assert picture.shape == session.photo.pixels.shape
    half = picture.shape[1] // 2
    np.testing.assert_array_equal(picture[:, half + 1 :], session.photo.pixels[:, half + 1 :])
    assert not np.array_equal(picture[:, : half - 1], session.photo.pixels[:, : half - 1])


def test_a_damaged_preview_is_no_reason_to_fail(photo: Path) -> None:
    session = with_a_version(photo)
    blue = session.project.versions[0]
    stored = read_sidecar(session.sidecar)
    write_sidecar(session.sidecar, stored.project, {}, {blue.id: b"RIFF1234WEBPnonsense"}, stored.signature)
    assert Session.open(photo).working_copy.preview(blue.id) is None
