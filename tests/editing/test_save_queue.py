"""Saves of a project: one after the other, and who hears what of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.save_queue import Arrival, Audience, SaveQueue, SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.project.refusals import SidecarUnconfirmed
from tests.sessions import BLUE, GREEN, with_a_version


class Later:
    """A worker that does nothing before it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Callable[[Any], None], Callable[[NtiError], None]]] = []

    def submit(
        self, task: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[NtiError], None], lane: object
    ) -> None:
        self.waiting.append((task, done, failed))

    def work(self) -> None:
        task, done, failed = self.waiting.pop(0)
        try:
            result = task()
        except NtiError as error:
            failed(error)
        else:
            done(result)


class Heard:
    """Everything that was told, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.audience = Audience(
            lambda: self.said.append("began"),
            lambda: self.said.append("ended"),
            self._arrived,
            self._saved,
            self._failed,
        )

    def _arrived(self, arrival: Arrival) -> None:
        self.said.append("arrived")

    def _saved(self, session: Session) -> None:
        self.said.append("saved")

    def _failed(self, request: SaveRequest, error: NtiError) -> None:
        self.said.append(str(error))


def test_what_was_changed_during_a_save_is_saved_after_it(photo: Path) -> None:
    session, worker, heard = with_a_version(photo), Later(), Heard()
    queue = SaveQueue(worker, heard.audience)
    session.add_version("Green", GREEN)
    queue.save(SaveRequest(session))
    assert queue.saving
    session.add_version("Bluer", BLUE)
    queue.save(SaveRequest(session))
    assert len(worker.waiting) == 1
    worker.work()
    assert heard.said == ["began", "ended", "began", "saved"]
    worker.work()
    assert heard.said[4:] == ["ended", "saved"]
    assert not queue.saving
    assert [version.name for version in Session.open(photo).project.versions] == ["Blue", "Green", "Bluer"]


def test_a_second_save_with_nothing_new_is_not_begun(photo: Path) -> None:
    session, worker, heard = with_a_version(photo), Later(), Heard()
    queue = SaveQueue(worker, heard.audience)
    session.add_version("Green", GREEN)
    queue.save(SaveRequest(session))
    queue.save(SaveRequest(session))
    worker.work()
    assert not worker.waiting
    assert heard.said == ["began", "ended", "saved"]


def test_what_is_not_known_to_be_on_the_disk_is_a_failure(photo: Path) -> None:
    session, worker, heard = with_a_version(photo), Later(), Heard()
    queue = SaveQueue(worker, heard.audience)
    session.add_version("Green", GREEN)
    queue.save(SaveRequest(session))
    task, done, _ = worker.waiting.pop()
    saved = task()
    unconfirmed = SidecarUnconfirmed("The drive does not say that it is written.", saved.stored.signature)
    done(replace(saved, unconfirmed=unconfirmed))
    assert heard.said == ["began", "ended", "The drive does not say that it is written."]


def test_another_photo_is_saved_at_the_same_time(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    worker, heard = Later(), Heard()
    queue = SaveQueue(worker, heard.audience)
    for each in (photo, other):
        session = with_a_version(each)
        session.add_version("Green", GREEN)
        queue.save(SaveRequest(session))
    assert len(worker.waiting) == 2
    worker.work()
    assert queue.saving
    worker.work()
    assert not queue.saving
    assert heard.said.count("saved") == 2


def test_what_failed_is_not_told_where_it_is_written_again_at_once(photo: Path) -> None:
    session, worker, heard = with_a_version(photo), Later(), Heard()
    queue = SaveQueue(worker, heard.audience)
    session.add_version("Green", GREEN)
    queue.save(SaveRequest(session))
    queue.save(SaveRequest(session))
    *_, failed = worker.waiting.pop()
    failed(NtiError("The drive is full."))
    assert heard.said == ["began", "ended", "began"]
    *_, failed = worker.waiting.pop()
    failed(NtiError("The drive is full."))
    assert heard.said[3:] == ["ended", "The drive is full."]


def test_what_another_program_saved_is_told_with_the_versions_that_look_otherwise(photo: Path) -> None:
    session, worker, arrivals = with_a_version(photo), Later(), list[Arrival]()
    audience = Audience(lambda: None, lambda: None, arrivals.append, lambda _session: None, lambda *_: None)
    queue, elsewhere = SaveQueue(worker, audience), Session.open(photo)
    theirs = elsewhere.add_version("Theirs", GREEN)
    elsewhere.change_version(session.project.versions[0].id, name="Renamed, which changes no look")
    elsewhere.save()
    before = session.project
    mine = session.add_version("Mine", BLUE)
    queue.save(SaveRequest(session))
    worker.work()
    (arrival,) = arrivals
    assert arrival.session is session
    assert arrival.news == (theirs.id,)
    assert mine.id not in arrival.news
    assert {version.id for version in before.versions} < {version.id for version in arrival.before.versions}
    assert any("Theirs" in sentence or "version" in sentence for sentence in arrival.said)


@pytest.mark.parametrize("moves", [False, True])
def test_where_a_project_lies_from_now_on_is_said(photo: Path, moves: bool) -> None:
    session, worker, arrivals = with_a_version(photo), Later(), list[Arrival]()
    audience = Audience(lambda: None, lambda: None, arrivals.append, lambda _session: None, lambda *_: None)
    target = photo.with_name("another.nti")
    SaveQueue(worker, audience).save(SaveRequest(session, path=target, moves=moves))
    worker.work()
    (arrival,) = arrivals
    assert arrival.said[-1] == (
        "The project lies beside the photo now, as “another.nti”."
        if moves
        else f"The project is saved in “{target}” from now on; open that to go on with it."
    )
    assert session.sidecar == target


def test_saving_elsewhere_is_done_though_nothing_was_changed(photo: Path) -> None:
    session, worker, heard = with_a_version(photo), Later(), Heard()
    queue, target = SaveQueue(worker, heard.audience), photo.with_name("another.nti")
    session.add_version("Green", GREEN)
    queue.save(SaveRequest(session))
    queue.save(SaveRequest(session, path=target))
    worker.work()
    worker.work()
    assert target.exists()
    assert not queue.saving
