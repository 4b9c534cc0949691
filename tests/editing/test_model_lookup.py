"""The models of a photo's preparations are looked for once each, aside, and what is gone is remembered."""

import random
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, ModelError, NtiError
from nti_desktop.editing import model_lookup
from nti_desktop.editing.model_lookup import ModelLookup
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry, built_in
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.project.schema import InversionRecord
from tests.editing.answering import Worker
from tests.sessions import inverted, with_a_version

GONE = ModelGone("The model “mine” that this photo was prepared with is not on this computer")


class Library:
    """What `find_made_with` answers, by fingerprint; it was asked for each."""

    def __init__(self) -> None:
        self.answers: dict[str, ModelEntry | NtiError] = {}
        self.asked: list[str] = []

    def find(self, _id: str, wanted: str, *_: object) -> ModelEntry:
        self.asked.append(wanted)
        answer = self.answers.get(wanted, GONE)
        if isinstance(answer, NtiError):
            raise answer
        return answer


class Looking:
    """A lookup, whose worker does what it is told, and all that it told."""

    def __init__(self, session: Session) -> None:
        self.worker = Worker(random.Random(0))
        self.answered: list[InversionRecord] = []
        self.failed: list[tuple[InversionRecord, NtiError]] = []
        self.lookup = ModelLookup(
            self.worker, self.answered.append, lambda record, error: self.failed.append((record, error))
        )
        self.lookup.open(session)

    def work(self) -> None:
        while self.worker.waiting:
            self.worker.step()
        while self.worker.answers:
            self.worker.deliver()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(model_lookup, "find_made_with", library.find)
    return library


def opened(photo: Path, *fingerprints: str) -> Session:
    """A photo that was prepared by these models and opened anew."""
    session = with_a_version(photo)
    for number, each in enumerate(fingerprints):
        session.keep_inversion(built_in(), each, inverted(session, seed=2 + number))
    session.save()
    return Session.open(photo)


def records(session: Session) -> tuple[InversionRecord, ...]:
    return session.project.inversions


def test_a_model_is_asked_for_once_until_it_is_found_and_is_known_then(photo: Path, library: Library) -> None:
    session = opened(photo, "1" * 64)
    looking = Looking(session)
    library.answers = {record.model_fingerprint: built_in() for record in records(session)}
    assert not looking.lookup.all_known(records(session))
    assert not looking.lookup.all_known(records(session))
    looking.work()
    assert sorted(library.asked) == sorted(library.answers)
    assert looking.answered == list(records(session))
    assert looking.lookup.all_known(records(session))
    assert looking.lookup.gone(records(session)) is None
    assert all(session.known_model(record) == built_in() for record in records(session))


def test_one_that_is_gone_is_said_to_be_and_not_asked_for_again_before_models_change(
    photo: Path, library: Library
) -> None:
    session = opened(photo, "1" * 64, "2" * 64)
    looking = Looking(session)
    here, gone, away = records(session)
    library.answers = {here.model_fingerprint: built_in()}
    looking.lookup.all_known(records(session))
    looking.work()
    assert not looking.lookup.all_known(records(session))
    looking.work()
    assert len(library.asked) == 3
    assert looking.lookup.gone((here, gone, away)) == (gone, GONE)
    assert looking.lookup.gone((here,)) is None
    looking.lookup.forget()
    assert looking.lookup.gone((gone,)) is None
    library.answers[gone.model_fingerprint] = built_in()
    looking.lookup.all_known((gone,))
    looking.work()
    assert library.asked[3:] == [gone.model_fingerprint]
    assert session.known_model(gone) == built_in()


def test_models_that_cannot_be_read_are_told_of_and_tried_again(photo: Path, library: Library) -> None:
    session = opened(photo)
    looking, (record,) = Looking(session), records(session)
    library.answers = {record.model_fingerprint: (fault := ModelError("The models cannot be read."))}
    looking.lookup.all_known((record,))
    looking.work()
    assert looking.failed == [(record, fault)]
    looking.lookup.all_known((record,))
    looking.work()
    assert len(library.asked) == 2


def test_what_was_looked_for_for_another_photo_is_not_told_of(photo: Path, library: Library) -> None:
    other = photo.with_name("other.png")
    other.write_bytes(photo.read_bytes())
    session = opened(photo, "1" * 64)
    looking, (first, second) = Looking(session), records(session)
    library.answers = {first.model_fingerprint: built_in(), second.model_fingerprint: ModelError("Not read.")}
    looking.lookup.all_known((first, second))
    looking.lookup.open(opened(other))
    looking.work()
    assert not looking.answered
    assert not looking.failed
    assert session.known_model(first) is None
    assert looking.lookup.gone((first, second)) is None


def test_stopped_it_says_nothing(photo: Path, library: Library) -> None:
    session = opened(photo)
    looking, (record,) = Looking(session), records(session)
    library.answers = {record.model_fingerprint: Cancelled("Stopped.")}
    looking.lookup.all_known((record,))
    looking.lookup.stop()
    looking.work()
    assert not looking.failed
    assert not looking.answered


def test_a_search_that_was_stopped_ends_early(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, cancelled = opened(photo), []

    def find(_id: str, _wanted: str, _could_be: object, cancel: object, _made_with: object) -> ModelEntry:
        cancelled.append(cancel.cancelled)  # type: ignore[attr-defined]
        return built_in()

    monkeypatch.setattr(model_lookup, "find_made_with", find)
    looking = Looking(session)
    looking.lookup.all_known(records(session))
    looking.lookup.stop()
    looking.work()
    looking.lookup.open(Session.open(photo))
    looking.lookup.all_known(records(session))
    looking.work()
    assert cancelled == [True, False]
