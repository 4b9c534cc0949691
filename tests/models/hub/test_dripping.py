"""A server that sends a byte now and then is stopped as soon as any other."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.models.hub.client import Plan, fetch, plan_download
from tests.hub_server import LocalHub
from tests.models.hub.downloads import MODEL

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"  # of no length, as files are of different ones


class Dripping(ThreadingHTTPServer):
    """Sends `at_once`, and from then on a byte every tenth of a second, until it is told to end. sent: these bytes,
    by which time is told: on a busy machine they take longer, too.
    """

    daemon_threads = False
    at_once = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Drip)
        self.asked, self.ending = threading.Event(), threading.Event()
        self.sent = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Drip(BaseHTTPRequestHandler):
    server: Dripping

    def handle(self) -> None:
        self.server.asked.set()
        try:
            self.wfile.write(self.server.at_once)
            for byte in HEAD.removeprefix(self.server.at_once) + b" " * 100_000:
                self.wfile.write(bytes((byte,)))
                self.server.sent += 1
                if self.server.ending.wait(0.1):
                    break
        except ConnectionError:  # the client has gone
            pass


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    server = Dripping()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.ending.set()
    server.shutdown()
    server.server_close()
    thread.join()


def sent_until_stopped(dripping: Dripping, work: Callable[[CancelToken], object]) -> int:
    """Bytes from Cancel until the work has ended, ten in a second."""
    cancel, since = CancelToken(), 0

    def cancel_when_asked() -> None:
        nonlocal since
        dripping.asked.wait()
        since = dripping.sent
        cancel.cancel()

    threading.Thread(target=cancel_when_asked).start()
    with pytest.raises(Cancelled):
        work(cancel)
    return dripping.sent - since


@pytest.mark.parametrize("at_once", [b"", HEAD], ids=["head", "body"])
def test_looking_up_stops_within_a_second(
    at_once: bytes, server: LocalHub, dripping: Dripping, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dripping.at_once = at_once
    monkeypatch.setattr(constants, "ENDPOINT", dripping.endpoint)
    assert sent_until_stopped(dripping, lambda cancel: plan_download(MODEL, store, cancel)) <= 10


@pytest.mark.parametrize("at_once", [b"", HEAD], ids=["head", "body"])
def test_downloading_stops_within_a_second_and_goes_on_later(
    at_once: bytes, server: LocalHub, dripping: Dripping, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan: Plan = plan_download(MODEL, store, CancelToken())
    largest = replace(plan, files=(max(plan.files, key=lambda file: file.size),))  # a small one is whole after a drip
    dripping.at_once = at_once
    monkeypatch.setattr(constants, "ENDPOINT", dripping.endpoint)
    assert sent_until_stopped(dripping, lambda cancel: fetch(largest, store, report_nothing, cancel)) <= 10
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    again = store.with_name("again")  # a byte that dripped is no part of the file
    again.mkdir()
    plan = plan_download(MODEL, again, CancelToken())
    assert fetch(plan, again, report_nothing, CancelToken()) == again / plan.name
