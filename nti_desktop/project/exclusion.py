"""Keeping other programs from saving to a project's folder while this one does."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.core.lock import alone_in
from nti_desktop.project import refusals
from nti_desktop.project.location import data_folder, same_place


@contextlib.contextmanager
def saving_alone(path: Path) -> Iterator[bool]:
    """Keep other programs from saving to this file, see `alone_in`. Raises SidecarError when they take too long."""
    folder = Path(os.path.realpath(path)).parent
    with contextlib.ExitStack() as stack:
        try:
            if same_place(folder, data_folder()):
                disk.make_folder(folder)
            alone = stack.enter_context(alone_in(folder))
        except OSError as error:
            raise SidecarError(refusals.cannot_save(path, error)) from error
        yield alone
