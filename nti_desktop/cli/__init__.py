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
from nti_desktop.cli.terminal import drop, hold_streams, how_to_bring_back, note, repeat
from nti_desktop.core.aside import left_behind, run_aside
from nti_desktop.core.errors import Cancelled, NtiError, RecipeError, outside_fault
from nti_desktop.core.progress import CancelToken
from nti_desktop.project.sidecar import SidecarDamaged

FAILED, WRONG_USE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (those of the process when None); returns its exit code."""
    hold_streams()
    code = _run(list(sys.argv[1:] if arguments is None else arguments), CancelToken())
    if left_behind():  # what hangs would keep the program from ending
        os._exit(code)
    return code


def _run(given: Sequence[str], cancel: CancelToken) -> int:
    """Carry out what is asked for; whatever is in the way becomes one sentence and an exit code."""
    try:
        return _obey(given, cancel)
    except RecipeError as error:
        return _refuse(str(error), WRONG_USE)
    except SidecarDamaged as error:
        advice = f" {how_to_bring_back(error.path)}" if error.recoverable else ""
        return _refuse(f"{error}{advice}", FAILED)
    except NtiError as error:
        return _refuse(str(error), FAILED)
    except KeyboardInterrupt:
        return _refuse("Stopped.", FAILED)
    except BrokenPipeError:  # whoever read the output has gone
        drop(sys.stdout)
        return FAILED
    except Exception as error:
        if fault := outside_fault(error):
            return _refuse(str(fault), FAILED)
        return _refuse(f"Something went wrong inside the program ({type(error).__name__}); {write_log(error)}", FAILED)


def _obey(given: Sequence[str], cancel: CancelToken) -> int:
    if _asks_for_the_window(given):
        return _open_window(given)
    said = io.StringIO()  # as what parses arguments is silent about what it cannot print
    try:
        with contextlib.redirect_stdout(said):
            options = parse(given)
    except SystemExit as wanted:  # --help, --version, and wrong use, which was said on standard error
        repeat(said.getvalue())
        return wanted.code if isinstance(wanted.code, int) else WRONG_USE
    with _interrupt_cancels(cancel):
        try:
            code: int = run_aside(lambda: options.run(options, cancel), cancel)
        except Cancelled as error:  # also of work that was left behind
            raise Cancelled(options.stopped or str(error)) from error
        return code


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
