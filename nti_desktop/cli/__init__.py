"""The command line: the same work as the window's, without one. Without a command it opens the window."""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from nti_desktop.cli.arguments import COMMANDS, RETURN_TO, SAMPLE, parse
from nti_desktop.cli.log import write_log
from nti_desktop.cli.terminal import note
from nti_desktop.core.errors import NtiError, RecipeError
from nti_desktop.core.progress import CancelToken

FAILED, WRONG_USE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (those of the process when None); returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # names and quotes that a console's encoding does not have
    cancel = CancelToken()
    try:
        if _asks_for_the_window(given):
            return _open_window(given)
        options = parse(given)
        with _interrupt_cancels(cancel):
            code: int = options.run(options, cancel)
            sys.stdout.flush()
            return code
    except SystemExit as wanted:  # --help, --version and wrong use, already said
        return wanted.code if isinstance(wanted.code, int) else WRONG_USE
    except RecipeError as error:
        return _refuse(str(error), WRONG_USE)
    except NtiError as error:
        return _refuse(str(error), FAILED)
    except KeyboardInterrupt:
        return _refuse("Stopped.", FAILED)
    except BrokenPipeError:  # whoever read the output has gone; the flush at exit must not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _refuse(f"Something went wrong inside the program ({type(error).__name__}); {write_log(error)}", FAILED)


def _asks_for_the_window(given: Sequence[str]) -> bool:
    """No arguments, a sample, or a picture; a mistyped command is none of these."""
    if not given or given == [SAMPLE] or given[0] == RETURN_TO:
        return True
    first = Path(given[0])
    return given[0] not in COMMANDS and not given[0].startswith("-") and (first.suffix != "" or first.exists())


def _open_window(given: Sequence[str]) -> int:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise NtiError("There is no screen here for the window; use the commands that “nti-desktop --help” lists.")
    try:
        from nti_desktop.gui.app import run  # Qt is for the window only
    except ImportError as error:
        raise NtiError(f"The window needs a part of the system that is missing ({error}); install it.") from error
    if given[:1] == [RETURN_TO]:
        if len(given) != 2:
            raise RecipeError(f"{RETURN_TO} needs the one file that the raw editor gave.")
        return run([Path(given[1])], returns=True)
    return run([Path(argument) for argument in given if argument != SAMPLE], sample=SAMPLE in given)


def _refuse(sentence: str, code: int) -> int:
    note([sentence])
    return code


@contextlib.contextmanager
def _interrupt_cancels(cancel: CancelToken) -> Iterator[None]:
    """Ctrl-C asks the job to stop, which it does before its next step; a second one stops whatever runs."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
