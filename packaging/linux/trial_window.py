"""The frozen program's window, on a screen without a monitor: a photo is edited by keyboard and its project opened."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from debian import HOME, PROGRAM, BareRoot, Fault, timed, wait_for
from trial_jobs import EDIT, SAMPLE

# What a file manager does, and then until the program has ended.
_DOUBLE_CLICK = 'gio open "$0"; sleep 2; while grep -qs nti-desktop /proc/[0-9]*/comm; do sleep 1; done'


class Screen:
    """A screen without a monitor, its window manager, and a keyboard."""

    def __init__(self, name: str) -> None:
        self.environment = {**os.environ, "DISPLAY": name}

    def windows(self, name: str) -> list[str]:
        """The visible windows whose title matches."""
        return self._tool("search", "--onlyvisible", "--name", name).split()

    def press(self, *keys: str) -> None:
        self._tool("key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        self._tool("type", "--delay", "20", text)

    def _tool(self, *words: str) -> str:
        return subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True).stdout


@contextmanager
def screen() -> Iterator[Screen]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-ac"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        found = Screen(f":{answer.readline().strip()}")
    quiet = subprocess.DEVNULL
    manager = subprocess.Popen(["openbox"], env=found.environment, stdout=quiet, stderr=quiet)
    try:
        yield found
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait()


@contextmanager
def window(root: BareRoot, on: Screen, what: str, *words: str) -> Iterator[None]:
    """The program's window, closed at the end by its own shortcut; its exit code and silence are checked."""
    start = time.monotonic()
    running = subprocess.Popen(
        root.command(*words, variables={"DISPLAY": on.environment["DISPLAY"]}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(f"the window of {what}", lambda: on.windows("NTI Desktop") or running.poll() is not None)
        print(f"{time.monotonic() - start:6.1f} s  {what}: to a visible window", flush=True)
        wait_for(f"{what} in the window's title", lambda: on.windows("photo.jpg") or running.poll() is not None)
        yield
        wait_for(f"the end of {what}", lambda: running.poll() is not None, lambda: on.press("ctrl+q"))
        output, errors = running.communicate()
        if running.returncode or output or errors:
            raise Fault(f"{what}: exit code {running.returncode}, {output}, {errors}")
    finally:
        running.kill()


def try_window(root: BareRoot) -> None:
    """A photo opened, prepared, edited by typing, saved; and its project opened again, as a file manager would."""
    photo = root.inside(f"{HOME}/photo.jpg")
    root.run("cp", SAMPLE, f"{HOME}/photo.jpg")
    project = photo.with_name("photo.jpg.nti")
    with screen() as on:
        with (
            timed("the window: open, prepare, edit, save"),
            window(root, on, "photo.jpg", PROGRAM, f"{HOME}/photo.jpg"),
        ):
            on.press("ctrl+p")
            save = partial(on.press, "ctrl+s")
            wait_for("an inversion in the project", lambda: _project(project)["inversions"], save)
            on.press("ctrl+a")
            on.write(EDIT)
            on.press("Return")
            wait_for("the edit in the project", lambda: EDIT in _edits(project), save)
        if len(_project(project)["inversions"]) != 1:
            raise Fault(f"the photo was prepared more than once: {_project(project)}")
        said = root.run(PROGRAM, "info", f"{HOME}/photo.jpg.nti")
        if EDIT not in said:
            raise Fault(f"info does not know the edit: {said}")
        kept = project.read_bytes()
        with window(root, on, "a double click on the project", "sh", "-c", _DOUBLE_CLICK, f"{HOME}/photo.jpg.nti"):
            pass
        if project.read_bytes() != kept:
            raise Fault("a project that was only opened was written")
    logs = root.inside(f"{HOME}/.local/state/nti-desktop/log")
    log = (logs / "window.log").read_text()
    if "ERROR" in log or (logs / "crash.log").read_text():
        raise Fault(f"the log has errors:\n{log}")


def _project(path: Path) -> dict[str, Any]:
    """What a project's file says, as soon as there is one."""
    try:
        with ZipFile(path) as archive:
            content: dict[str, Any] = json.loads(archive.read("project.json"))
            return content
    except (OSError, BadZipFile):
        return {"inversions": [], "versions": []}


def _edits(path: Path) -> list[str]:
    return [version["recipe"]["prompt"] for version in _project(path)["versions"]]
