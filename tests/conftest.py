"""What every test gets: its own home, no screen, no network, and a check that it leaves nothing running or lying."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Read when Qt, torch and the hub are imported, so set before any of them is.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, one process a core

# Slow machines are no failure; the database would make runs differ.
settings.register_profile("house", deadline=None, database=None, print_blob=True)
settings.load_profile("house")

PATIENCE_SECONDS = 5.0


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test's own home, user folders and temporary folder; a temporary file left behind fails the test."""
    home = tmp_path_factory.mktemp("home")
    temporary = home / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(home / "inductor"))  # made when diffusers is imported
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield home
    left = sorted(str(path.relative_to(temporary)) for path in temporary.rglob("*"))
    assert not left, f"temporary files left behind: {left}"


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """A thread that outlives its test fails it, and the place where the thread is now is named."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := _python_threads() - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, f"threads left behind: {[_whereabouts(thread) for thread in left]}"


def _python_threads() -> set[threading.Thread]:
    """All but those that Python only met once (a Qt thread that ran Python code stays listed for ever)."""
    return {t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)}


def _whereabouts(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return f"{thread.name} at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else thread.name
