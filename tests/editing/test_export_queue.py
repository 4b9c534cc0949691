"""What is asked to be exported is written where there is room for it, once, or told why not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.export_queue import Audience, ExportQueue, ExportTask, Failed, Parts
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.final_renders import FinalRenders
from nti_desktop.editing.returning import Returned
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from tests.editing.idle_engine import answer_to
from tests.editing.test_final_renders import Engine
from tests.editing.test_journalling import AtOnce
from tests.sessions import with_a_version


class Folder:
    """Finds a free name, which a test says, and answers a write when it is told to."""

    def __init__(self) -> None:
        self.free: Path | None = None
        self.written: list[tuple[ExportTask, CancelToken, Callable[[Exported], None], Failed]] = []
        self.returned: list[tuple[ExportTask, Callable[[Returned], None]]] = []

    def look(self, task: ExportTask, cancel: CancelToken, done: Callable[[Path | None], None], failed: Failed) -> None:
        done(self.free)

    def export(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Exported], None], failed: Failed
    ) -> None:
        assert len(parts) == (0 if task.wanted is None else 1)
        self.written.append((task, cancel, done, failed))

    def return_to(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Returned], None], failed: Failed
    ) -> None:
        self.returned.append((task, done))


class Office:
    """A queue of exports of one photo, and all that was told of. edited: whether its version is exported."""

    def __init__(self, photo: Path, edited: bool = False) -> None:
        document = Document(with_a_version(photo) if edited else Session.open(photo), STUDIO_DEFAULTS)
        self.session, self.wanted = document.session, document.wanted()
        self.folder, self.target, self.engine = Folder(), photo.with_name("out.png"), Engine()
        self.exported: list[tuple[ExportTask, Exported]] = []
        self.failed: list[tuple[ExportTask, NtiError]] = []
        self.returned: list[ExportTask] = []
        audience = Audience(
            lambda: None,
            lambda task, exported: self.exported.append((task, exported)),
            lambda task, _returned: self.returned.append(task),
            lambda task, error: self.failed.append((task, error)),
        )
        self.finals = FinalRenders(self.engine, AtOnce(), lambda _edits: {})
        self.queue = ExportQueue(self.folder, self.finals, audience)

    def ask(self) -> ExportTask:
        task = ExportTask(self.session, self.wanted, self.target, ExportRequest(), Provenance())
        self.queue.add(task)
        return task


@pytest.fixture
def office(photo: Path) -> Office:
    return Office(photo)


@pytest.mark.parametrize("name", ["out.png", "a free one.png", "zz a free one.png"])
def test_it_is_written_under_the_name_that_is_free(office: Office, name: str) -> None:
    office.folder.free = office.target.with_name(name)
    asked = office.ask()
    ((task, _, done, _),) = office.folder.written
    assert task.target == office.folder.free
    assert (task is asked) is (name == "out.png")
    assert office.queue.waiting == (task,)
    assert office.queue.is_written(task)
    done(Exported(task.target))
    assert office.exported == [(task, Exported(task.target))]
    assert office.queue.waiting == ()


def test_where_a_file_is_to_be_left_alone_nothing_is_written(office: Office) -> None:
    asked = office.ask()
    assert office.folder.written == []
    assert office.exported == [(asked, Exported(None))]
    assert office.queue.waiting == ()


def test_one_that_is_cancelled_while_it_is_written_is_told_of_once(office: Office) -> None:
    office.folder.free = office.target
    asked = office.ask()
    ((_, cancel, _, failed),) = office.folder.written
    office.queue.cancel(asked)
    assert cancel.cancelled
    assert office.queue.waiting == ()
    assert office.failed == []  # it may be there by then
    failed(Cancelled(""))
    failed(Cancelled(""))
    ((task, error),) = office.failed
    assert task is asked
    assert str(error) == "“out.png” was not written, as its export was cancelled."


def test_it_says_what_it_does(office: Office) -> None:
    asked = office.ask()
    assert asked.title == "Exporting “out.png”"
    assert replace(asked, request=None).title == "Returning “out.png”"


def test_all_that_wait_are_cancelled_and_told_of(office: Office) -> None:
    held: list[Callable[[Path | None], None]] = []
    office.folder.look = lambda _task, _cancel, done, _failed: held.append(done)  # type: ignore[method-assign]
    first, second = office.ask(), office.ask()
    assert office.queue.waiting == (first, second)
    assert not office.queue.is_written(first)
    office.queue.cancel_all()
    assert [task for task, _ in office.failed] == [first, second]
    assert office.queue.waiting == ()
    office.queue.cancel(first)
    for done in held:
        done(office.target)  # too late
    assert len(office.failed) == 2
    assert office.folder.written == []
    assert office.exported == []


def test_an_edit_is_rendered_before_it_is_written_and_the_render_knows_for_whom_it_is(photo: Path) -> None:
    office = Office(photo, edited=True)
    office.folder.free = office.target
    asked = office.ask()
    (ticket,) = office.engine.asked
    assert office.queue.rendered_by(ticket) is asked
    assert office.queue.rendered_by(Ticket(ticket.job)) is None
    assert not office.queue.is_written(asked)
    office.finals.rendered(ticket, answer_to(ticket))
    assert office.queue.is_written(asked)
    assert office.queue.rendered_by(ticket) is None
    again = office.ask()
    office.queue.cancel(again)
    assert office.engine.withdrawn == [office.engine.asked[1]]
    assert [task for task, _ in office.failed] == [again]


def test_a_file_that_a_raw_editor_gave_is_returned_to(office: Office) -> None:
    office.folder.free = office.target
    task = ExportTask(office.session, None, office.target, None, Provenance())
    office.queue.add(task)
    ((asked, done),) = office.folder.returned
    assert asked is task
    assert office.queue.is_written(task)
    done(Returned(office.target, office.target, ()))
    assert office.returned == [task]
    assert office.queue.waiting == ()
