"""What cannot give its look is refused in one sentence, and nothing is asked of the engine."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError, PhotoError, RecipeError
from nti_desktop.editing.engine_queue import EngineQueue
from nti_desktop.editing.look import completing_job, look_job, said_of_completing, said_of_look
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.frame import Area
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.jobs import seen_of
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.sees import Sees

THIS, OTHER = (sample.path for sample in samples()[:2])


@pytest.fixture
def photo() -> Photo:
    return open_photo(THIS)


def test_the_model_is_shown_the_other_photo_at_its_own_size(photo: Photo) -> None:
    job = look_job(photo, OTHER, built_in())
    assert job.image.shape == (128, 128, 3)
    assert job.question == LookQuestion(learned=built_in().words)


def test_a_copy_of_the_photo_has_the_look_already(photo: Photo, tmp_path: Path) -> None:
    copy = Path(shutil.copy(THIS, tmp_path / "copy.jpg"))
    with pytest.raises(PhotoError, match=r"“copy\.jpg” is the photo that is open itself; choose another"):
        look_job(photo, copy, built_in())


@pytest.mark.parametrize("content", [None, b"", b"no picture", OTHER.read_bytes()[:200]])
def test_what_cannot_be_read_is_refused(photo: Photo, tmp_path: Path, content: bytes | None) -> None:
    other = tmp_path / "other.jpg"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(PhotoError, match=r"other\.jpg"):
        look_job(photo, other, built_in())


@pytest.mark.parametrize(("sees", "made_for"), [(Sees.PHOTO, "orders"), (Sees.SURROUNDINGS, "filling in places")])
def test_a_model_that_draws_not_from_words_alone_knows_no_looks(photo: Photo, sees: Sees, made_for: str) -> None:
    with pytest.raises(ModelError, match=f"made for {made_for}"):
        look_job(photo, OTHER, replace(built_in(), sees=sees))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(Path(shutil.copy(THIS, tmp_path / "photo.jpg")))


def test_a_description_is_completed_by_what_the_model_sees_in_the_area(session: Session) -> None:
    job = completing_job(session, built_in(), " a red cube ", Area(0, 0, 64, 64))
    assert job.question == LookQuestion("a red cube", built_in().words)
    assert seen_of(job.image).shape == (128, 128, 3)


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("", "Nothing is described yet; say what the photo shows"),
        ("  ", "Nothing is described yet"),
        (
            "a sepia photo of a red metal ball and a blue glass cube on sand at night in fog",
            "says already all that the model could add",
        ),
    ],
)
def test_what_cannot_be_completed_is_refused(session: Session, description: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        completing_job(session, built_in(), description)


@pytest.mark.parametrize(("sees", "made_for"), [(Sees.PHOTO, "orders"), (Sees.SURROUNDINGS, "filling in places")])
def test_a_model_that_draws_not_from_words_alone_completes_nothing(session: Session, sees: Sees, made_for: str) -> None:
    with pytest.raises(ModelError, match=f"made for {made_for}"):
        completing_job(session, replace(built_in(), sees=sees), "a ball")


def test_it_is_said_what_became_of_the_description() -> None:
    assert "“a photo of a ball on sand”" in said_of_completing("a ball", "a photo of a ball on sand")
    assert "nothing more" in said_of_completing("a ball", "a ball")


def test_of_two_looks_the_latest_is_read_and_a_cancel_answers_what_waits(photo: Photo) -> None:
    queue, job = EngineQueue(), look_job(photo, OTHER, built_in())
    first, nothing = queue.read_look(job)
    second, replaced = queue.read_look(job)
    assert (nothing, replaced) == (None, first)
    assert queue.next() is second
    third, nothing = queue.read_look(job)
    assert nothing is None
    assert second.cancel.cancelled
    assert queue.cancel_all() == [third]
    assert queue.next() is None


def test_it_is_said_what_was_seen_and_where_nothing_was() -> None:
    assert "“b.jpg”" in said_of_look(Path("a/b.jpg"), Look("at sunset"))
    assert "a photo at sunset" in said_of_look(Path("a/b.jpg"), Look("at sunset"))
    assert "no words" in said_of_look(Path("b.jpg"), Look())
