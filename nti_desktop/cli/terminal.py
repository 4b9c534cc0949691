"""What the command line prints: progress bars on a terminal, sentences, or one JSON object."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.core.progress import CancelToken, Progress, Report, report_nothing

_BAR = 24  # characters
_CLEAR_LINE = "\r\x1b[K"


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
        terminal.write(
            f"{_CLEAR_LINE}{progress.phase} [{'#' * done}{'.' * (_BAR - done)}] {progress.step}/{progress.total}{left}"
        )
        terminal.flush()

    return draw


def clear_progress(stream: TextIO) -> None:
    """Take away a bar that was left half full."""
    if stream.isatty():
        stream.write(_CLEAR_LINE)
        stream.flush()


def note(sentences: Sequence[str]) -> None:
    """Say on standard error what a person should hear while the work goes on."""
    if sentences:
        clear_progress(sys.stderr)
        print(*sentences, sep="\n", file=sys.stderr)


def tell(lines: Sequence[str], answer: Mapping[str, object], as_json: bool) -> None:
    """Print the result: `lines` for people, or `answer` as one JSON object."""
    if as_json:
        print(json.dumps(answer))
    else:
        print("\n".join(lines))


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
    print(f"{question} Type “yes”: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().casefold()
    cancel.check()
    return answer == "yes"
