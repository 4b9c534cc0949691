"""Who may do what with a file: a file that replaces another keeps it, as if the other had been written to in place."""

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ACCESS_LIST = "system.posix_acl_access"
_KEPT_ATTRIBUTES = ("user.", "system.")  # tags of people and programs, access lists; not what the system sees to


@dataclass(frozen=True)
class Rights:
    """owner, group: their numbers; mode: the nine bits; attributes: extended ones, by name."""

    owner: int
    group: int
    mode: int
    attributes: Mapping[str, bytes]


def rights_of(path: Path) -> Rights | None:
    """Read a file's rights; None where there is no file, and on Windows, where files have those of their folder."""
    if sys.platform == "win32":
        return None
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return Rights(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode) & 0o777, _attributes(path))


def give(file: int, rights: Rights) -> None:
    """Give an open file these rights, as far as this user and the file system can; never more than these.

    A group that cannot be kept is another one, which gets no more than everybody has.
    """
    if sys.platform == "win32":
        return
    for owner in (rights.owner, -1):  # only root can give a file away
        with contextlib.suppress(OSError):
            os.fchown(file, owner, rights.group)
    mode = rights.mode
    if not _takes(file, rights.attributes) or os.fstat(file).st_gid != rights.group:
        mode &= 0o707 | (mode & 0o007) << 3
    with contextlib.suppress(OSError):  # some file systems have no modes
        os.fchmod(file, mode)


def _attributes(path: Path) -> Mapping[str, bytes]:
    if sys.platform != "linux":
        return {}
    try:
        names = [name for name in os.listxattr(path) if name.startswith(_KEPT_ATTRIBUTES)]
        return {name: os.getxattr(path, name) for name in names}
    except OSError:  # the file system has none
        return {}


def _takes(file: int, attributes: Mapping[str, bytes]) -> bool:
    """Tell whether the file got its access list, if there is one; without it, the group's bits mean the group alone."""
    taken = True
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the folder gives new files a list of its own
            os.removexattr(file, _ACCESS_LIST)
        for name, value in attributes.items():
            try:
                os.setxattr(file, name, value)
            except OSError:
                taken = taken and name != _ACCESS_LIST
    return taken
