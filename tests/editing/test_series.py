"""Series: a story on one photo, an edit on many; what is wrong with one photo costs no other, and nothing is made
twice.
"""

import errno
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core import atomic
from nti_desktop.core.errors import Cancelled, NtiError, PhotoError, RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken, Progress, Report, report_nothing
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.history import EditState
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.series import (
    Series,
    Told,
    Way,
    draw_edits,
    made_before,
    sentences,
    takes,
    tell_series,
    whole_edit,
)
from nti_desktop.editing.series_sheet import series_sheet
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import SCHEMA_VERSION
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Figures, Inversion, InvertJob, Measured, Rendered, RenderJob, seen_of
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import EditRecipe
from tests.editing.test_session import _write_as_it_is
from tests.sessions import SOURCE, invert, inverted, scene, with_a_version

NIGHT = "a red ball on a table at night"
STORY = ("a ball in fog", "a blue ball at night", "a ball on snow")


@dataclass
class Engine:
    """Draws grey pictures. prepared: descriptions; rendered: sentences, in their order; stops: after so many."""

    prepared: list[str] = field(default_factory=list)
    rendered: list[str] = field(default_factory=list)
    stops: int | None = None

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion:
        height, width, _ = seen_of(job.image).shape
        self.prepared.append(job.settings.prompt)
        pivot = np.zeros((job.settings.steps + 1, 4, height // 8, width // 8), np.float32)
        return Inversion(job.settings, {"pivot": pivot}, None, Figures(1.0, 10, 40.0))

    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
        report(Progress("Editing", 0, 2))
        if len(self.rendered) == self.stops:
            raise Cancelled("Stopped; nothing was changed.")
        self.rendered.append(job.recipe.prompt)
        _, _, height, width = job.arrays["pivot"].shape
        grey = np.full((8 * height, 8 * width, 3), 0.5, np.float32)
        return Rendered(job.recipe, grey, grey * 0, grey, None, 1.0, grey, 1.0, Figures(0.1, 4))


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, ...]:
    """Three pictures of noise."""
    paths = tuple(tmp_path / f"{name}.png" for name in "abc")
    for seed, path in enumerate(paths):
        Image.fromarray(scene(seed)).save(path)
    return paths


def way() -> Way:
    return Way(built_in(), fingerprint(built_in()), Method.RESIDUAL, 5, 2.0)


def many(photos: tuple[Path, ...], prompt: str | None = SOURCE) -> Series:
    return Series(photos, sentences([NIGHT]), way(), prompt)


def tell(series: Series, engine: Engine, report: Report = report_nothing) -> list[Told]:
    return list(tell_series(series, engine, Session.save, report, CancelToken()))


def prompts(photo: Path) -> list[str]:
    return [version.recipe.prompt for version in Session.open(photo).project.versions]


def test_a_story_goes_on_from_frame_to_frame_and_leaves_a_version_for_each(photos: tuple[Path, ...]) -> None:
    series = Series(photos[:1], sentences(STORY), way(), SOURCE, story=True)
    (told,) = tell(series, engine := Engine())
    assert engine.rendered == [
        "a red ball on a table in fog",
        "a blue ball on a table at night",
        "a blue ball on snow at night",
    ]
    assert engine.prepared == [SOURCE]
    assert prompts(photos[0]) == engine.rendered == [frame.prompt for frame in told.frames]
    assert [frame.version for frame in told.frames] == ["Version 1", "Version 2", "Version 3"]
    saved = Session.open(photos[0])
    assert all(saved.working_copy.preview(version.id) is not None for version in saved.project.versions)


def test_a_frame_takes_no_name_that_another_program_gave_meanwhile(photos: tuple[Path, ...]) -> None:
    class Beside(Engine):
        def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
            other = Session.open(photos[0])
            other.add_version(other.free_name(), EditRecipe(NIGHT))
            other.save()
            return super().render(job, report, cancel)

    (told,) = tell(Series(photos[:1], sentences(STORY[:2]), way(), SOURCE, story=True), Beside())
    names = [version.name for version in Session.open(photos[0]).project.versions]
    assert names == ["Version 1", "Version 2", "Version 3", "Version 4"]
    assert [frame.version for frame in told.frames] == ["Version 2", "Version 4"]


def test_a_frame_holds_the_things_of_the_photo(photos: tuple[Path, ...]) -> None:
    tell(Series(photos[:1], sentences(["a ball at night"]), way(), SOURCE, story=True), Engine())
    (version,) = Session.open(photos[0]).project.versions
    held = {each.text for each in version.recipe.words if each.cross_until == 1.0}
    assert held >= {"red", "ball"}
    assert not version.recipe.automatic


def test_emphasis_in_a_frame_stays_with_its_word(photos: tuple[Path, ...]) -> None:
    (told,) = tell(Series(photos[:1], sentences(["a ball in (fog:1.5)"]), way(), SOURCE, story=True), Engine())
    version = Session.open(photos[0]).project.versions[0]
    assert told.frames[0].prompt == "a red ball on a table in fog"
    assert [(each.text, each.weight) for each in version.recipe.words if each.weight != 1] == [("fog", 1.5)]


def test_what_is_there_is_not_made_again(photos: tuple[Path, ...]) -> None:
    first = tell(many(photos), Engine())
    second = tell(many(photos), again := Engine())
    assert (again.prepared, again.rendered) == ([], [])
    assert [frame.new for told in first + second for frame in told.frames] == [True] * 3 + [False] * 3
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.frames[0].picture.pixels, other.frames[0].picture.pixels)
    assert [len(prompts(photo)) for photo in photos] == [1, 1, 1]


def test_stopped_it_keeps_what_was_made_and_goes_on_there(photos: tuple[Path, ...]) -> None:
    with pytest.raises(Cancelled):
        tell(many(photos), Engine(stops=1))
    assert prompts(photos[0]) == [NIGHT]
    assert [each.settings.prompt for each in Session.open(photos[1]).project.inversions] == [SOURCE]
    tell(many(photos), again := Engine())
    assert (again.prepared, again.rendered) == ([SOURCE], [NIGHT, NIGHT])


def test_a_photo_that_cannot_be_read_costs_no_other(photos: tuple[Path, ...]) -> None:
    photos[1].write_bytes(b"no picture")
    told = tell(many(photos), Engine())
    assert isinstance(told[1].error, PhotoError)
    assert [len(each.frames) for each in told] == [1, 0, 1]


def test_where_there_is_no_room_to_save_that_photo_goes_without(
    photos: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = atomic.replace

    def full(source: Path, target: Path) -> None:
        if target.name.startswith("b."):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(source, target)

    monkeypatch.setattr(atomic, "replace", full)
    told = tell(many(photos), Engine())
    assert isinstance(told[1].error, SidecarError)
    assert [len(each.frames) for each in told] == [1, 0, 1]


def test_a_project_that_may_only_be_looked_at_stays_as_it_is(photos: tuple[Path, ...]) -> None:
    session = with_a_version(photos[1])
    newer = session.project.model_copy(update={"schema_version": SCHEMA_VERSION + 8})
    _write_as_it_is(session.sidecar, newer.model_dump_json(indent=1).encode())
    before = session.sidecar.read_bytes()
    told = tell(many(photos), Engine())
    assert str(told[1].error) == Session.open(photos[1]).read_only
    assert [len(each.frames) for each in told] == [1, 0, 1]
    assert session.sidecar.read_bytes() == before


def test_every_photo_gets_the_change_in_its_own_words(photos: tuple[Path, ...]) -> None:
    with_a_version(photos[1])
    series = replace(many(photos, "a cube on stone"), edits=sentences(["a cube on stone at night"]))
    described = replace(series, described={photos[2]: "a lamp in a studio"})
    tell(described, engine := Engine())
    assert engine.prepared == ["a cube on stone", "a lamp in a studio"]
    assert engine.rendered == ["a cube on stone at night", NIGHT, "a lamp in a studio at night"]


def test_a_change_that_has_no_place_in_a_photo_costs_no_other(photos: tuple[Path, ...]) -> None:
    blue = replace(many(photos[:2]), edits=sentences(["a blue ball on a table"]), described={photos[0]: "a cup"})
    without, told = tell(blue, Engine())
    assert "has nothing in place of “red”" in str(without.error)
    assert [frame.prompt for frame in told.frames] == ["a blue ball on a table"]


def test_a_photo_that_nobody_described_says_so(photos: tuple[Path, ...]) -> None:
    (told,) = tell(many(photos[:1], prompt=None), Engine())
    assert str(told.error) == "Nothing says what “a.png” shows; describe it in a sentence."


def test_a_version_is_made_on_other_photos_with_its_name_and_all_its_controls(photos: tuple[Path, ...]) -> None:
    session = with_a_version(photos[0])
    edit = whole_edit(session, session.project.versions[0])
    edit = EditState(replace(edit.recipe, strength=0.5), Finish(0.1))
    series = replace(many(photos[1:]), edits=(edit,), usual=built_in().defaults, name="Evening")
    tell(series, Engine())
    for photo in photos[1:]:
        (version,) = Session.open(photo).project.versions
        assert (version.name, version.recipe.strength, version.finish.feather) == ("Evening", 0.5, 0.1)


def test_the_edit_of_an_area_is_not_made_elsewhere(photos: tuple[Path, ...]) -> None:
    session, area = Session.open(photos[0]), Area(0, 0, 64, 64)
    session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, area=area), area)
    version = session.add_version("Corner", sentences([NIGHT])[0].recipe)
    with pytest.raises(RecipeError, match="“Corner” edits an area, which other photos have elsewhere"):
        whole_edit(session, version)


def test_the_edit_of_what_is_marked_is_not_made_elsewhere(photos: tuple[Path, ...]) -> None:
    session = with_a_version(photos[0])
    confined = replace(session.project.versions[0].recipe.recipe(), within=(rectangle(0, 0, 0.5, 0.5),))
    session.change_version(session.project.versions[0].id, recipe=confined)
    with pytest.raises(RecipeError, match="edits what is marked, which other photos have elsewhere"):
        whole_edit(session, session.project.versions[0])


@pytest.mark.parametrize("texts", [[], ["a ball", " "]])
def test_a_series_without_a_sentence_is_refused(texts: list[str]) -> None:
    with pytest.raises(RecipeError):
        sentences(texts)


def test_progress_says_which_photo_it_is_about(photos: tuple[Path, ...]) -> None:
    heard: list[str] = []
    tell(many(photos[:2]), Engine(), lambda progress: heard.append(progress.phase))
    assert heard == ["Photo 1 of 2: Editing", "Photo 2 of 2: Editing"]


def test_the_forecast_is_of_all_photos_and_edits(photos: tuple[Path, ...]) -> None:
    assert takes(many(photos), Estimates()) is None
    estimates = Estimates(Measured(40.0, Speeds(Rates(0.01, 0.02, 0.02)), "processor"))
    one, three = (takes(many(photos[:count]), estimates) for count in (1, 3))
    assert one is not None
    assert three == pytest.approx(3 * one)
    preparing, rendering = estimates.preparing(Method.RESIDUAL, 5), estimates.rendering(Method.RESIDUAL, 5)
    assert preparing is not None
    assert rendering is not None
    assert one == pytest.approx(preparing + rendering)
    both = Series(photos[:1], sentences([NIGHT, "a red ball in fog"]), way(), SOURCE)
    assert takes(both, estimates) == pytest.approx(preparing + 2 * rendering)


def test_the_sheet_shows_what_came_of_each_and_leaves_a_place_for_what_is_missing(photos: tuple[Path, ...]) -> None:
    photos[1].write_bytes(b"no picture")
    told = tell(many(photos), Engine())
    sheet, half = series_sheet(told, 1), series_sheet([replace(told[0], error=PhotoError("No.")), told[2]], 2)
    assert sheet is not None
    assert half is not None
    assert half.size[0] > sheet.size[0]
    assert series_sheet([told[1]], 1) is None


def test_only_the_same_edit_of_the_same_preparation_was_made_before(photos: tuple[Path, ...]) -> None:
    session = Session.open(photos[0])
    ids = [invert(session, seed) for seed in (0, 1)]
    first, second = (session.project.inversion(id_) for id_ in ids)
    version = session.add_version("Night", EditRecipe(NIGHT), inversion_id=first.id)
    state = EditState(EditRecipe(NIGHT), Finish(version.finish.feather))
    assert made_before(session, first, state) == version
    assert made_before(session, second, state) is None
    earlier = session.add_version("Again", EditRecipe(NIGHT), inversion_id=second.id)
    assert made_before(session, second, state) == earlier
    assert made_before(session, first, replace(state, finish=Finish(0.1))) is None
    assert made_before(session, first, EditState(EditRecipe("a red ball in fog"), state.finish)) is None


def test_what_was_prepared_before_is_used_where_it_is_of_the_whole_photo_with_these_words(
    photos: tuple[Path, ...],
) -> None:
    session, corner = Session.open(photos[0]), Area(0, 0, 64, 64)
    session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session))
    session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, 1, area=corner), corner)
    session.save()
    tell(many(photos[:1]), again := Engine())
    assert again.prepared == []
    tell(replace(many(photos[:1]), described={photos[0]: "a blue ball on a table"}), again)
    assert again.prepared == ["a blue ball on a table"]


@pytest.mark.parametrize("only", [False, True])
def test_a_series_by_one_way_only_is_prepared_by_that(photos: tuple[Path, ...], only: bool) -> None:
    session = Session.open(photos[0])
    session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, method=Method.PINNED))
    session.save()
    tell(replace(many(photos[:1]), only=only), again := Engine())
    assert again.prepared == ([SOURCE] if only else [])


def test_an_edit_that_asks_for_nothing_is_the_photo_and_is_not_rendered(photos: tuple[Path, ...]) -> None:
    session = with_a_version(photos[0])
    (record,) = session.project.inversions
    nothing = EditState(EditRecipe(SOURCE), Finish())
    drawn = list(draw_edits(session, record, [nothing], engine := Engine(), report_nothing, CancelToken()))
    assert engine.rendered == []
    ((state, preview),) = drawn
    assert state is nothing
    assert preview == encode_preview(session.photo.raster)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(draw_edits(session, record, [nothing], engine, report_nothing, cancel))
    assert not session.working_copy.dirty


def test_a_fault_of_the_computer_is_told_of_its_photo_and_a_fault_of_ours_is_not_hidden(
    photos: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(error: Exception) -> list[Told]:
        def render(*_: object) -> Rendered:
            raise error

        engine = Engine()
        monkeypatch.setattr(engine, "render", render)
        return tell(many(photos[:1]), engine)

    (told,) = fails(MemoryError())
    assert isinstance(told.error, NtiError)
    with pytest.raises(ZeroDivisionError):
        fails(ZeroDivisionError())
