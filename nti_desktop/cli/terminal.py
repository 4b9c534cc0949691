"""What the command line prints: progress bars on a terminal, sentences, or one JSON object."""

import contextlib
import io
import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.core.plain_text import one_line
from nti_desktop.core.progress import CancelToken, Progress, Report, report_nothing

_BAR = 24  # characters
_CLEAR_LINE = "\r\x1b[K"


class OutputError(NtiError):
    """What was asked for is done, but what came of it cannot be printed."""


def watcher(stream: TextIO | None = None) -> Report:
    """Draws a bar for each phase of a job, on a terminal only. stream: standard error when None."""
    terminal = sys.stderr if stream is None else stream
    if not terminal.isatty():
        return report_nothing

    def draw(progress: Progress) -> None:
        if progress.step >= progress.total:
            clear_progress(terminal)
            return
        done = _BAR * progress.step // progress.total
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        bar = f"[{'#' * done}{'.' * (_BAR - done)}] {progress.step}/{progress.total}{left}"
        terminal.write(_CLEAR_LINE + one_line(f"{progress.phase} {bar}"))
        terminal.flush()

    return draw


def hold_streams() -> None:
    """Have streams that print whatever text there is. Where the program was started without, its answer cannot be
    printed; else the next file that is opened would take the stream's number, and what libraries print.
    """
    for number, (name, way) in enumerate((("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # becomes the lowest number that is free
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.open(os.devnull, way), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # names and quotes that a console's encoding does not have


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """See that what is printed meanwhile arrives. Raises OutputError, BrokenPipeError; nothing more is printed then."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop(sys.stdout)
        raise OutputError(
            f"All is done, but the answer cannot be printed ({error.strerror}); look at where the output goes."
        ) from error


def drop(stream: TextIO) -> None:
    """Let nobody try again to print what could not be printed, as Python does in the end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def clear_progress(stream: TextIO) -> None:
    """Take away a bar that was left half full."""
    if stream.isatty():
        stream.write(_CLEAR_LINE)
        stream.flush()


def announce(sentence: str) -> bool:
    """Say to whoever waits at a terminal what is about to begin; whether there is one."""
    waits = sys.stderr.isatty()
    if waits:
        note([sentence])
    return waits


def note(sentences: Sequence[str]) -> None:
    """Say on standard error what a person should hear while the work goes on."""
    if sentences:
        try:
            clear_progress(sys.stderr)
            _say(sentences, sys.stderr)
        except OSError:  # nobody can hear it
            drop(sys.stderr)


def as_argument(path: Path) -> str:
    """Write a path as a shell takes it, one that begins with a dash too."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def how_to_bring_back(path: Path) -> str:
    """Say by which command a project is brought back. path: of the photo or of the project."""
    return f"To bring it back, run “nti-desktop recover {as_argument(path)}”."


def tell(lines: Sequence[str], answer: Mapping[str, object], as_json: bool) -> None:
    """Print the result: `lines` for people, or `answer` as one JSON object. Raises OutputError where that cannot be."""
    with printing():
        _say([json.dumps(answer).replace("\x7f", "\\u007f")] if as_json else lines, sys.stdout)


def repeat(text: str) -> None:
    """Print what a library has put into words, as it is. Raises OutputError where that cannot be."""
    stream = sys.stdout
    with printing():
        stream.write(text)


def refuse_late(*faults: NtiError | None) -> int:
    """Say what went wrong with a result that was told; the exit code."""
    sentences = [str(fault) for fault in faults if fault is not None]
    note(sentences)
    return 1 if sentences else 0


def confirm(question: str, option: str, cancel: CancelToken) -> bool:
    """Ask on a terminal for a typed “yes”. option: what says yes where there is none.

    Raises ModelError without a terminal, Cancelled.
    """
    if not sys.stdin.isatty():
        raise ModelError(f"{question} Say so with {option}, as there is no terminal to ask on.")
    clear_progress(sys.stderr)
    _say([f"{question} Type “yes”: "], sys.stderr, end="")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold()
    cancel.check()
    return answer == "yes"


def _say(lines: Iterable[str], stream: TextIO, end: str = "\n") -> None:
    """Write lines, which may hold text from anywhere. Nothing else of the command line prints."""
    stream.write("\n".join(map(one_line, lines)) + end)
