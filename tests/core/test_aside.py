"""Work that hangs is left behind; all other work is as if it ran here."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from nti_desktop.core import aside
from nti_desktop.core.aside import left_behind, run_aside
from nti_desktop.core.errors import Cancelled, ModelError
from nti_desktop.core.progress import CancelToken


@pytest.fixture
def drive() -> Iterator[threading.Event]:
    """Answers once it is set, in the end at the latest."""
    drive = threading.Event()
    yield drive
    drive.set()


def test_what_work_returns_and_raises_arrives() -> None:
    assert run_aside(lambda: 7, CancelToken()) == 7

    def fail() -> None:
        raise ModelError("No.")

    with pytest.raises(ModelError, match="No"):
        run_aside(fail, CancelToken())


@pytest.mark.slow
def test_cancelled_work_that_hangs_is_left_behind_within_a_second(drive: threading.Event) -> None:
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel).start()
    since = time.monotonic()
    with pytest.raises(Cancelled):
        run_aside(drive.wait, cancel)
    assert time.monotonic() - since < 1.1
    assert left_behind()


def test_cancelled_work_that_ends_by_itself_may_tidy_up() -> None:
    cancel, tidied = CancelToken(), []

    def work() -> None:
        try:
            while True:
                cancel.check()
                time.sleep(0.01)
        finally:
            tidied.append(True)

    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Cancelled):
        run_aside(work, cancel)
    assert tidied == [True]


def test_work_that_is_done_is_not_taken_for_work_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sluggish(Future[int]):
        """The thread is held up once what it found is there, as on a busy machine."""

        def set_result(self, result: int) -> None:
            super().set_result(result)
            time.sleep(0.3)

    monkeypatch.setattr(aside, "Future", Sluggish)
    assert run_aside(lambda: 7, CancelToken()) == 7
    assert not left_behind()
