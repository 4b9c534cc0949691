"""Start the program: `python main.py` opens the window, `python main.py COMMAND ...` works without one."""

import sys

from nti_desktop.cli import main

if __name__ == "__main__":
    sys.exit(main())
