"""What is asked to be exported is written where there is room for it, once, or told why not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.export_queue import Audience, ExportQueue, ExportTask, Failed, Parts
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.final_renders import FinalRenders
from nti_desktop.editing.returning import Returned
from nti_desktop.editing.session import Session
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.recipe.jobs import RenderJob
from tests.editing.test_journalling import AtOnce


class NoEngine:
    """The photo as it is needs none."""

    def enqueue(self, job: RenderJob) -> Ticket:
        raise AssertionError("nothing is rendered")

    def withdraw(self, ticket: Ticket) -> None:
        raise AssertionError("nothing is rendered")


class Folder:
    """Finds a free name, which a test says, and answers a write when it is told to."""

    def __init__(self) -> None:
        self.free: Path | None = None
        self.written: list[tuple[ExportTask, CancelToken, Callable[[Exported], None], Failed]] = []

    def look(self, task: ExportTask, cancel: CancelToken, done: Callable[[Path | None], None], failed: Failed) -> None:
        done(self.free)

    def export(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Exported], None], failed: Failed
    ) -> None:
        assert parts == ()
        self.written.append((task, cancel, done, failed))

    def return_to(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Returned], None], failed: Failed
    ) -> None:
        raise AssertionError("no raw editor waits")


class Office:
    """A queue of exports of one photo, and all that was told of."""

    def __init__(self, photo: Path) -> None:
        self.session, self.folder, self.target = Session.open(photo), Folder(), photo.with_name("out.png")
        self.exported: list[tuple[ExportTask, Exported]] = []
        self.failed: list[tuple[ExportTask, NtiError]] = []
        audience = Audience(
            lambda: None,
            lambda task, exported: self.exported.append((task, exported)),
            lambda _task, _returned: None,
            lambda task, error: self.failed.append((task, error)),
        )
        self.queue = ExportQueue(self.folder, FinalRenders(NoEngine(), AtOnce(), lambda _edits: {}), audience)

    def ask(self) -> ExportTask:
        task = ExportTask(self.session, None, self.target, ExportRequest(), Provenance())
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
