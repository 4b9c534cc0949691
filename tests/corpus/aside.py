"""A function in a child process that may crash, hang or run away in memory without taking the run with it."""

import contextlib
import faulthandler
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

_LOOKS_SECONDS = 0.02
_MEGABYTE = 1 << 20
# The children of a server that has loaded everything once start at once, and share no threads with this process.
_CONTEXT = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")


@dataclass(frozen=True)
class Limits:
    """seconds: of the clock; megabytes: of the child's own memory."""

    seconds: float = 300
    megabytes: int = 6000


@dataclass(frozen=True)
class Ended:
    """How a child ended. value: what the function returned; fault: "uncaught", "crash", "hang" or "memory", None where
    it returned; detail: of the fault; megabytes: the most memory that was seen.
    """

    value: Any = None
    fault: str | None = None
    detail: str = ""
    megabytes: int = 0


def loaded_before(*modules: str) -> None:
    """Have these modules in every child from its start."""
    if sys.platform != "win32":
        _CONTEXT.set_forkserver_preload(list(modules))


def run_aside(function: Callable[..., Any], *arguments: Any, limits: Limits) -> Ended:
    """Run a function of a module in a child of its own, and end the child and its children at the limits."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    with receiver, tempfile.NamedTemporaryFile(suffix=".log") as log:
        child = _CONTEXT.Process(target=_tell, args=(sender, log.name, function, arguments))
        child.start()
        sender.close()
        ended = _watched(child, receiver, limits)
        if ended.fault == "crash":
            said = Path(log.name).read_text(errors="replace").strip().splitlines()
            ended = replace(ended, detail="; ".join([ended.detail, *said[:6]]))
        return ended


def _watched(child: Any, receiver: Connection, limits: Limits) -> Ended:
    until, most = time.monotonic() + limits.seconds, 0
    while not receiver.poll(_LOOKS_SECONDS) and child.is_alive():
        most = max(most, _memory(child.pid))
        fault = None
        if time.monotonic() > until:
            fault = Ended(None, "hang", f"no end within {limits.seconds:.0f} seconds", most)
        elif most > limits.megabytes:
            fault = Ended(None, "memory", f"more than {limits.megabytes} MB", most)
        if fault:
            _end(child.pid)
            child.join()
            return fault
    try:
        value, raised = receiver.recv()
    except EOFError:
        child.join()
        return Ended(None, "crash", f"ended with {child.exitcode}", most)
    child.join()
    return Ended(value, "uncaught" if raised else None, raised, most)


def _memory(number: int) -> int:
    """Megabytes that a process holds; 0 for one that has ended."""
    try:
        return int(psutil.Process(number).memory_info().rss) // _MEGABYTE
    except psutil.NoSuchProcess:
        return 0


def _end(number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        for one in (*process.children(recursive=True), process):
            one.kill()


def _tell(sender: Connection, log: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    said = os.open(log, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(said, stream)
    faulthandler.enable()
    try:
        sender.send((function(*arguments), ""))
    except Exception:
        sender.send((None, last_lines(traceback.format_exc())))


def last_lines(text: str) -> str:
    """The end of a traceback, in one line."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-5:])
