"""Start the program: `python main.py` opens the window, `python main.py COMMAND ...` works without one."""

import multiprocessing
import sys

try:
    from nti_desktop.cli import main
except ModuleNotFoundError as missing:
    sys.exit(
        f"“{missing.name}” is not installed here; run “python packaging/environment.py”, then use the Python in .venv."
    )
except KeyboardInterrupt:  # before the program can say so itself
    sys.exit("Stopped.")

if __name__ == "__main__":
    multiprocessing.freeze_support()  # helper processes of a frozen program start here too
    sys.exit(main())
