"""What went wrong inside the program is written to a file that a user can send."""

import traceback
from datetime import datetime

import platformdirs

from nti_desktop import __version__


def write_log(error: BaseException) -> str:
    """Append the traceback to the log in the user's log folder; the clause that says where it is."""
    path = platformdirs.user_log_path("nti-desktop", appauthor=False) / "nti-desktop.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now().isoformat(timespec='seconds')} NTI Desktop {__version__}\n")
            log.writelines(traceback.format_exception(error))
    except OSError:
        return "the details could not be written to the log."
    return f"the details are in “{path}”."
