"""Downloads and verifications: one at a time, away from the window, as each may take an hour."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.families import PublishedDecoder
from nti_desktop.models.hub.client import Plan, fetch, free_space, is_begun, plan_download
from nti_desktop.models.hub.offers import find_offer
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.checking import Verdict, verify
from nti_desktop.models.library.places import read_places, store_fault
from nti_desktop.models.library.preview_decoders import find_published

T = TypeVar("T")


@dataclass(frozen=True)
class Planned:
    """A download that waits for its terms to be accepted. free: bytes in the store; begun: they were accepted before,
    and a part has arrived.
    """

    plan: Plan
    store: Path
    free: int
    begun: bool

    @property
    def title(self) -> str:
        """What people call the model."""
        known = find_offer(self.plan.id)
        return known.name if known else self.plan.repository


@dataclass(frozen=True)
class Fetched:
    """path: of the model in the store; entry: None where it cannot be used, `fault` then says why; decoder: where it is
    no model but draws the previews of others.
    """

    name: str
    path: Path
    entry: ModelEntry | None
    fault: str | None = None
    decoder: PublishedDecoder | None = None


class Transfers(QObject):
    """Nothing connects before `plan` is asked for a model of the Hub, or `fetch` for any."""

    changed = Signal()  # `doing`
    moved = Signal(Progress)
    planned = Signal(Planned)
    fetched = Signal(Fetched)
    verified = Signal(Verdict)
    failed = Signal(NtiError)  # Cancelled too
    _reported = Signal(CancelToken, Progress)  # sent from the thread

    def __init__(self, thread: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._thread = thread
        self._cancel: CancelToken | None = None  # of what is under way
        self.doing = ""  # for people: what is under way, empty when nothing is
        self.name = ""  # of the model it is about
        self._reported.connect(self._show)

    def plan(self, wanted: str) -> None:
        """Find out what a download will fetch. wanted: an offered model's id, or owner/name on the Hub."""

        def work(_report: Report, cancel: CancelToken) -> Planned:
            places = read_places()
            if fault := places.fault or store_fault(places):
                raise ModelError(fault)  # else gigabytes would go where the user did not want them
            plan = plan_download(wanted, places.store, cancel)
            try:
                free = free_space(places.store)
            except OSError as error:
                raise ModelError(f"“{places.store}” cannot be read ({error.strerror}); check its drive.") from error
            return Planned(plan, places.store, free, is_begun(plan, places.store))

        self._start("Looking up", wanted, work, self.planned.emit)

    @slot(Planned)
    def fetch(self, planned: Planned) -> None:
        """Download, verify, put in its place. Its terms have been accepted."""
        name = planned.title

        def work(report: Report, cancel: CancelToken) -> Fetched:
            path = fetch(planned.plan, planned.store, report, cancel)
            if decoder := find_published(planned.plan.repository):
                return Fetched(name, path, None, decoder=decoder)
            try:
                return Fetched(name, path, find_model(str(path)))
            except ModelError as error:
                return Fetched(name, path, None, str(error))

        self._start("Downloading", name, work, self.fetched.emit)

    def verify(self, path: Path) -> None:
        """Read a model's files again and compare them with what was published."""
        self._start("Verifying", path.name, lambda report, cancel: verify(path, report, cancel), self.verified.emit)

    @slot()
    def cancel(self) -> None:
        """Stop what is under way; what has arrived of a download is kept."""
        if self._cancel is not None:
            self._cancel.cancel()

    def _start(
        self, doing: str, name: str, work: Callable[[Report, CancelToken], T], done: Callable[[T], None]
    ) -> None:
        if self._cancel is not None:
            self.failed.emit(ModelError(f"{self.doing} is under way; wait for that, or cancel it."))
            return
        self._cancel = cancel = CancelToken()
        self.doing, self.name = f"{doing} “{name}”", name

        def report(progress: Progress) -> None:
            self._reported.emit(cancel, progress)

        def ended(result: T) -> None:
            self._cancel, self.doing = None, ""
            self.changed.emit()
            done(result)

        def failed(error: NtiError) -> None:
            self._cancel, self.doing = None, ""
            self.changed.emit()
            self.failed.emit(error)

        self.changed.emit()
        self._thread.submit(lambda: run_aside(lambda: work(report, cancel), cancel), ended, failed)

    @slot(CancelToken, Progress)
    def _show(self, cancel: CancelToken, progress: Progress) -> None:
        if cancel is self._cancel and not cancel.cancelled:
            self.moved.emit(progress)
