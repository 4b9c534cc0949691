"""A server that sends a byte now and then is stopped as soon as any other."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.models.hub.client import Plan, fetch, plan_download
from tests.hub_server import LocalHub
from tests.models.hub.downloads import MODEL

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


class Dripping(ThreadingHTTPServer):
    """Sends `at_once`, and from then on a byte every tenth of a second, until it is told to end."""

    daemon_threads = False
    at_once = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Drip)
        self.asked, self.ending = threading.Event(), threading.Event()

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


def seconds_to_stop(dripping: Dripping, work: Callable[[CancelToken], object]) -> float:
    """From Cancel until the work has ended."""
    cancel, since = CancelToken(), 0.0

    def cancel_when_asked() -> None:
        nonlocal since
        dripping.asked.wait()
        since = time.monotonic()
        cancel.cancel()

    threading.Thread(target=cancel_when_asked).start()
    with pytest.raises(Cancelled):
        work(cancel)
    return time.monotonic() - since


@pytest.mark.parametrize("at_once", [b"", HEAD], ids=["head", "body"])
def test_looking_up_stops_within_a_second(
    at_once: bytes, server: LocalHub, dripping: Dripping, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dripping.at_once = at_once
    monkeypatch.setattr(constants, "ENDPOINT", dripping.endpoint)
    assert seconds_to_stop(dripping, lambda cancel: plan_download(MODEL, store, cancel)) < 1


@pytest.mark.parametrize("at_once", [b"", HEAD], ids=["head", "body"])
def test_downloading_stops_within_a_second_and_goes_on_later(
    at_once: bytes, server: LocalHub, dripping: Dripping, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan: Plan = plan_download(MODEL, store, CancelToken())
    dripping.at_once = at_once
    monkeypatch.setattr(constants, "ENDPOINT", dripping.endpoint)
    assert seconds_to_stop(dripping, lambda cancel: fetch(plan, store, report_nothing, cancel)) < 1
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    assert fetch(plan, store, report_nothing, CancelToken()) == store / plan.name
