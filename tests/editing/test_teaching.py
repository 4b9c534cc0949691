"""A lesson: photos and sentences that are no use are refused, and where an interrupted one stood is found again."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import Cancelled, ModelError, NtiError
from nti_desktop.core.progress import NEVER, CancelToken
from nti_desktop.editing import teaching
from nti_desktop.editing.teaching import Lesson, check_lesson, keep_lesson, learnings_folder, seconds_of, teach_job
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.recipe.costs import Rates
from nti_desktop.recipe.jobs import Figures, seen_of
from nti_desktop.recipe.teaching import COPIES, STEPS, VECTORS, Taught


def write_photos(folder: Path, count: int = 3) -> tuple[Path, ...]:
    """So many photos, no two alike."""
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((96, 128, 3), 40 * number, np.uint8)).save(path)
    return tuple(paths)


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    photos = tuple((path, "my mug on sand") for path in write_photos(tmp_path))
    return Lesson(Path("studio"), built_in(), "my mug", "mug", photos)


def test_a_lesson_is_the_photos_as_the_model_sees_them_with_the_word_in_their_sentences(lesson: Lesson) -> None:
    job = teach_job(lesson, NEVER)
    assert (job.word, job.kind, dict(job.begun)) == ("my_mug", "mug", {})
    assert [each.sentence for each in job.examples] == ["my_mug on sand"] * 3
    assert {each.image.shape for each in job.examples if not callable(each.image)} == {(112, 152, 3)}


def test_too_few_or_too_many_photos_are_refused(lesson: Lesson) -> None:
    for count, said in ((0, "are 0"), (1, "is 1"), (2, "are 2"), (21, "are 21")):
        photos = (lesson.photos * 7)[:count]
        with pytest.raises(ModelError, match=f"from 3 to 20 photos, and here {said};"):
            check_lesson(replace(lesson, photos=photos))


def test_the_same_photo_twice_is_one_too_many_whatever_it_is_called(lesson: Lesson, tmp_path: Path) -> None:
    copy = shutil.copy(lesson.photos[0][0], tmp_path / "copy.png")
    photos = (*lesson.photos, (copy, "my mug"))
    with pytest.raises(NtiError, match=r"“copy\.png” is the same photo as “0\.png”"):
        teach_job(replace(lesson, photos=photos), NEVER)


def test_a_photo_that_cannot_be_read_is_named(lesson: Lesson, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    for name in ("broken.png", "gone.png"):
        with pytest.raises(NtiError, match=name):
            teach_job(replace(lesson, photos=(*lesson.photos, (tmp_path / name, "my mug"))), NEVER)


def test_without_room_on_the_disk_nothing_is_begun(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(ModelError, match="There is no room in"):
        check_lesson(lesson)


def test_an_interrupted_lesson_is_found_again_by_all_that_it_is_of(lesson: Lesson) -> None:
    standing = {"steps": np.full(1, 7, np.float32), "vectors 0": np.ones((VECTORS, 128), np.float32)}
    teach_job(lesson, NEVER).keep(standing)
    assert teach_job(lesson, NEVER).begun["steps"] == 7
    for other in (
        replace(lesson, kind="bowl"),
        replace(lesson, name="his mug", photos=tuple((path, "his mug") for path, _ in lesson.photos)),
        replace(lesson, photos=tuple((path, "my mug") for path, _ in lesson.photos)),
        replace(lesson, photos=(*lesson.photos[1:], lesson.photos[0])),
    ):
        assert not teach_job(other, NEVER).begun
    (file,) = learnings_folder().iterdir()
    file.write_bytes(b"damaged")
    assert not teach_job(lesson, NEVER).begun


def test_where_a_lesson_stood_is_forgotten_once_the_word_is_kept(lesson: Lesson) -> None:
    job = teach_job(lesson, NEVER)
    job.keep({"steps": np.full(1, 120, np.float32)})
    vectors = np.ones((VECTORS, 128), np.float32)
    said = keep_lesson(lesson, job, Taught(job.word, (vectors,), Figures(1.0, 0)))
    assert "knows “my_mug” now" in said
    assert [each.addition and each.addition.word for each in find_model("studio").additions] == ["my_mug"]
    assert list(learnings_folder().iterdir()) == []


def test_of_interrupted_lessons_the_newest_are_remembered(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "_INTERRUPTED", 2)
    for kind in ("mug", "bowl", "lamp", "cube"):
        teach_job(replace(lesson, kind=kind), NEVER).keep({"steps": np.ones(1, np.float32)})
    assert len(list(learnings_folder().iterdir())) == 3


def test_the_time_is_told_by_the_calls_of_the_unet() -> None:
    assert seconds_of(Rates(1.0, 2.0, 0.5)) == STEPS * COPIES * 0.5


def test_a_lesson_is_told_by_its_sentences_and_begins_with_a_plain_one() -> None:
    assert teaching.usual_sentence("  my mug ") == "a photo of my mug"


def test_a_lesson_is_measured_at_the_size_at_which_the_model_sees_its_photos(lesson: Lesson) -> None:
    job = teaching.measure_lesson(lesson.entry, lesson.photos[0][0])
    assert job.model == lesson.entry.files
    (seen,) = {each.image.shape for each in teach_job(lesson, NEVER).examples if not callable(each.image)}
    assert seen_of(job.image).shape == seen


def test_without_a_disk_a_lesson_is_refused_and_says_which(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_folder: Path) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(teaching, "free_space", gone)
    with pytest.raises(ModelError, match=r"cannot be read \(Input/output error\); check its drive"):
        check_lesson(lesson)


def test_where_a_lesson_stands_cannot_be_kept_it_only_begins_anew(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nti_desktop.core.atomic.write_bytes", full)
    teach_job(lesson, NEVER).keep({"steps": np.ones(1, np.float32)})
    assert not teach_job(lesson, NEVER).begun


def test_a_lesson_that_is_called_off_opens_no_further_photo(lesson: Lesson) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        teach_job(replace(lesson, photos=((Path("gone.png"), "my mug"), *lesson.photos)), cancel)


def test_what_is_kept_of_a_lesson_and_is_far_too_large_is_not_read(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_job(lesson, NEVER).keep({"steps": np.full(1, 7, np.float32)})
    (file,) = learnings_folder().iterdir()
    monkeypatch.setattr(teaching, "_LARGEST", file.stat().st_size)
    assert teach_job(lesson, NEVER).begun
    monkeypatch.setattr(teaching, "_LARGEST", file.stat().st_size - 1)
    assert not teach_job(lesson, NEVER).begun
