"""Where an export goes: its name from a template, what happens when the name is taken, and never onto the photo."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from nti_desktop.core.errors import PhotoError

TEMPLATE = "{photo} - {version}"
_FIELDS = {"photo": "the photo's name", "version": "the version's name", "date": "today, as 2026-01-31"}
_FIELD = re.compile(r"\{([^{}]*)\}")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]')  # what Windows refuses, so that files can go anywhere
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_NAME = 200  # bytes, without the ending
_MOST_TRIES = 10_000

_DISK_ERRORS: Mapping[int, str] = {
    errno.ENOSPC: "The disk is full, so “{name}” was not written; make room or choose another folder.",
    errno.EDQUOT: "Your share of the disk is full, so “{name}” was not written; make room or choose another folder.",
    errno.EFBIG: "“{name}” would be too large for this disk; choose another folder or a smaller format.",
    errno.EACCES: "“{folder}” may not be written to; choose another folder.",
    errno.EPERM: "“{folder}” may not be written to; choose another folder.",
    errno.EROFS: "“{folder}” lies on a disk that cannot be written to; choose another folder.",
    errno.ENAMETOOLONG: "The name “{name}” is too long for this disk; choose a shorter one.",
}


class Conflict(StrEnum):
    """What happens when a file of the name is there already."""

    REFUSE = "refuse"
    UNIQUE = "unique"
    OVERWRITE = "overwrite"
    SKIP = "skip"


def name_from(template: str, fields: Mapping[str, str]) -> str:
    """The name that a template makes, without an ending, fit for any disk. fields: {photo}, {version}, {date} by name.

    Raises PhotoError for a template with other fields or without any name left.
    """
    for name in _FIELD.findall(template):
        if name not in fields:
            known = ", ".join(f"{{{field}}}" for field in _FIELDS)
            raise PhotoError(f"The name template has an unknown field “{{{name}}}”; known are {known}.")
    made = _FIELD.sub(lambda match: fields[match[1]], template)
    made = made.encode(errors="replace").decode()  # a photo's name may be no text
    made = _NOT_IN_NAMES.sub("_", made).strip().rstrip(".")
    made = made.encode()[:_LONGEST_NAME].decode(errors="ignore").strip()
    if not made or made.startswith("."):
        raise PhotoError("The name template gives no usable name; put {photo} into it.")
    return f"_{made}" if _RESERVED.fullmatch(made) else made


def check_target(target: Path, *, original: Path, conflict: Conflict = Conflict.REFUSE) -> Path | None:
    """The path to write to, which `UNIQUE` may make another one; None where an existing file is to be skipped.

    Raises PhotoError where nothing may be written, so that nobody renders for nothing.
    """
    with disk_errors_said(target):
        if _is_same_file(target, original):
            raise PhotoError(f"“{target.name}” is the photo itself, which stays as it is; choose another name.")
        if not target.absolute().parent.is_dir():
            raise PhotoError(
                f"The folder “{target.absolute().parent}” does not exist; make it first or choose another."
            )
        if target.is_dir():
            raise PhotoError(f"“{target.name}” is a folder; choose another name.")
        if not os.path.lexists(target) or conflict is Conflict.OVERWRITE:
            return target
        if conflict is Conflict.REFUSE:
            raise PhotoError(f"“{target.name}” exists already; choose another name or allow it to be replaced.")
        return _unique(target, original) if conflict is Conflict.UNIQUE else None


def _unique(target: Path, original: Path) -> Path:
    for number in range(2, _MOST_TRIES):
        other = target.with_stem(f"{target.stem} ({number})")
        if not os.path.lexists(other) and not _is_same_file(other, original):
            return other
    raise PhotoError(f"There are too many files called like “{target.name}” already; choose another name.")


@contextlib.contextmanager
def disk_errors_said(target: Path) -> Iterator[None]:
    """Every failure of the disk becomes a sentence, but that a name is taken."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        sentence = _DISK_ERRORS.get(error.errno or 0)
        if sentence is None:
            why = error.strerror or str(error)
            raise PhotoError(f"“{target.name}” could not be written ({why}); try another folder.") from error
        folder = target.absolute().parent
        raise PhotoError(sentence.format(name=target.name, folder=folder.name or folder)) from error


def _is_same_file(target: Path, original: Path) -> bool:
    """Tell whether writing to target would touch the original, here or once copied to a disk that ignores case."""
    if target.exists() and original.exists() and target.samefile(original):
        return True
    one, other = Path(os.path.realpath(target)), Path(os.path.realpath(original))
    return one.name.casefold() == other.name.casefold() and one.parent == other.parent
