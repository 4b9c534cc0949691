"""What can go wrong with a sidecar, and the sentence that says so."""

import errno
from pathlib import Path

from nti_desktop.core.errors import SidecarError
from nti_desktop.project.location import backup_path
from nti_desktop.project.signature import Signature


class SidecarDamaged(SidecarError):
    """The file is no sound project. path: of the file; recoverable: whether `recover_sidecar` can bring back the state
    before the last save.
    """

    def __init__(self, path: Path, sentence: str, recoverable: bool) -> None:
        super().__init__(sentence)
        self.path, self.recoverable = path, recoverable


class SidecarNewer(SidecarError):
    """A newer version of the program wrote the file."""


class SidecarChanged(SidecarError):
    """The file on disk is not the one that was opened; nothing was overwritten."""


class SidecarInUse(SidecarError):
    """Another program holds the file (Windows); the new state lies beside it. path: where."""

    def __init__(self, sentence: str, path: Path) -> None:
        super().__init__(sentence)
        self.path = path


class SidecarUnconfirmed(SidecarError):
    """The new state is in place, but the disk did not confirm it. signature: what a next save has to expect."""

    def __init__(self, sentence: str, signature: Signature) -> None:
        super().__init__(sentence)
        self.signature = signature


def unusable(path: Path, why: str, backup: Path | None) -> SidecarDamaged:
    """An inversion's arrays are of no use. backup: where they may be, of before the last save."""
    advice = "" if backup is None else f", or bring back the state before the last save from “{backup.name}”"
    return SidecarDamaged(
        path,
        f"What “{path.name}” keeps of the preparation cannot be used because {why}; prepare the photo again{advice}.",
        backup is not None,
    )


def damaged(path: Path, reason: str, recoverable: bool) -> str:
    """It is no sound project. recoverable: see `SidecarDamaged`."""
    if recoverable:
        return (
            f"“{path.name}” cannot be opened because {reason}; the state before its last save is intact in "
            f"“{backup_path(path).name}” and can be brought back."
        )
    return (
        f"“{path.name}” cannot be opened because {reason}; bring it back from a backup, or move it away to begin anew."
    )


def not_damaged(path: Path) -> str:
    """It needs no bringing back."""
    return f"“{path.name}” is not damaged, so nothing was changed; open it as it is."


def no_backup(path: Path) -> str:
    """There is nothing to bring back."""
    return (
        f"“{path.name}” cannot be brought back, as there is no intact “{backup_path(path).name}” beside it; "
        "look for a copy in your own backups."
    )


def read_only(path: Path) -> str:
    """A newer program has written it."""
    return (
        f"“{path.name}” was made by a newer version of NTI Desktop; "
        "it can be looked at, but to change it you have to update this one."
    )


def changed(path: Path) -> str:
    """Another program has written it in the meantime."""
    return (
        f"“{path.name}” was changed by another program since it was opened; open it again, or save under another name."
    )


def saved_beside(path: Path, beside: Path, reason: str) -> str:
    """Another program has written it in the meantime, and the two cannot be put together."""
    return (
        f"“{path.name}” was changed by another program since it was opened and cannot be merged because {reason}; "
        f"your work is saved beside it as “{beside.name}”."
    )


def photo_gone(path: Path, photo: Path) -> str:
    """Its photo was renamed, or moved away, and a project that was there with it."""
    return (
        f"“{path.name}” was not saved because “{photo.name}” has gone, too; give the photo its name back and save "
        "again, or end the program and open the photo where it is now."
    )


def cannot_read(path: Path, error: OSError) -> str:
    """The disk refuses it."""
    return f"“{path.name}” cannot be read ({error.strerror}); check that you may read it and that its disk is well."


def cannot_save(path: Path, error: OSError) -> str:
    """The disk refuses to take it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full, so “{path.name}” was not saved; free some space and save again."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"“{path.name}” was not saved because its folder cannot be written; allow it, or move the photo."
        case errno.EAGAIN:
            return f"“{path.name}” was not saved because its folder is locked by another program; end that, save again."
        case errno.ENOENT:
            return f"“{path.name}” was not saved because its folder is gone; put it back and save again."
        case _:
            return f"“{path.name}” was not saved ({error.strerror}); what was saved before is kept; check the disk."
