"""What every test gets: its own home, no screen, no network, and a check that it leaves nothing running or lying."""

import gc
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nti_desktop.core.garbage import collect_due, collected_by_hand

# Read when Qt, torch and the hub are imported, so set before any of them is.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, one process a core

# What is imported to find the tests is there to stay: to look through it for garbage again and again takes a quarter of
# the time. See `_no_garbage_collected_by_threads` for what comes after.
gc.disable()

# Slow machines are no failure; the database would make runs differ.
settings.register_profile("house", deadline=None, database=None, print_blob=True)
settings.load_profile("house")

PATIENCE_SECONDS = 5.0


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are not there yet. pytest's own numbers grow slow, as each looks through all that are there."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test's own home, user folders and temporary folder; a temporary file left behind fails the test."""
    home = next(homes)
    temporary = home / "tmp"
    temporary.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)  # where the user's own window may listen
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(home / "inductor"))  # made when diffusers is imported
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield home
    left = sorted(str(path.relative_to(temporary)) for path in temporary.rglob("*"))
    assert not left, f"temporary files left behind: {left}"


@pytest.fixture(scope="session", autouse=True)
def _no_garbage_collected_by_threads() -> Iterator[None]:
    """Windows of earlier tests may be garbage, which only the main thread may destroy, see `garbage`. What the tests
    import is kept for good, or each look for garbage would go through torch.
    """
    with collected_by_hand():
        gc.collect()
        gc.freeze()
        yield


@pytest.fixture(autouse=True)
def _garbage_collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test; all of it after one that takes its time anyway, and may leave much."""
    yield
    if request.node.get_closest_marker("slow"):
        gc.collect()
    else:
        collect_due()


@pytest.fixture(autouse=True)
def _this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that connects to another machine, or asks for its address, fails."""

    def guarded(call: Callable[..., Any], host_of: Callable[..., object]) -> Callable[..., Any]:
        def checked(*arguments: Any, **options: Any) -> Any:
            host = host_of(*arguments)
            if host not in ("127.0.0.1", "::1", "localhost", None):
                pytest.fail(f"a test connects to {host}")
            return call(*arguments, **options)

        return checked

    for name in ("connect", "connect_ex"):
        method = getattr(socket.socket, name)  # an address of a Unix socket is no pair
        monkeypatch.setattr(
            socket.socket, name, guarded(method, lambda s, to: to[0] if isinstance(to, tuple) else None)
        )
    monkeypatch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, lambda host, *_: host))


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """A thread that outlives its test fails it, and the place where the thread is now is named."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := _python_threads() - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, f"threads left behind: {[_whereabouts(thread) for thread in left]}"


@pytest.fixture
def learns_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learned of a photo is learned in two steps: for tests of everything but how well it is learned."""
    from nti_desktop.engine.methods import embedding, imagic  # torch, for those tests only that have it anyway

    for method in (embedding, imagic):
        monkeypatch.setattr(method, "STEPS", 2)


def _python_threads() -> set[threading.Thread]:
    """All but those that Python only met once (a Qt thread that ran Python code stays listed for ever)."""
    return {t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)}


def _whereabouts(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return f"{thread.name} at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else thread.name
