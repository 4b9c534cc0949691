"""The .nti sidecar: open it and save it.

Errors are SidecarError, each one sentence; the kinds a caller may want to tell apart are below.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project import ancestry, refusals, schema, tensors
from nti_desktop.project.archive import Archive, Member, Unsound, stored, zipped
from nti_desktop.project.exclusion import saving_alone
from nti_desktop.project.extent import MAX_BYTES
from nti_desktop.project.held import Held, hold
from nti_desktop.project.location import backup_path, data_folder, find_lost, free_name, sidecar_path
from nti_desktop.project.reading import (
    MIMETYPE,
    PREVIEWS,
    arrays_member,
    check_whole,
    has_sound_arrays,
    is_sound_preview,
    is_unknown,
    load,
    preview_member,
)
from nti_desktop.project.refusals import (
    SidecarChanged,
    SidecarDamaged,
    SidecarInUse,
    SidecarNewer,
    SidecarUnconfirmed,
)
from nti_desktop.project.schema import SCHEMA_VERSION, Project
from nti_desktop.project.signature import Signature, sign
from nti_desktop.recipe.jobs import Arrays

__all__ = [
    "SidecarChanged",
    "SidecarDamaged",
    "SidecarInUse",
    "SidecarNewer",
    "SidecarUnconfirmed",
    "Signature",
    "Stored",
    "as_written",
    "backup_path",
    "data_folder",
    "find_lost",
    "is_whole",
    "read_sidecar",
    "sidecar_path",
    "signature_of",
    "write_alone",
    "write_sidecar",
]

DESK = "desk.json"


@dataclass(frozen=True, eq=False)
class Stored:
    """A project as it lies on disk. read_only: why it cannot be saved, for the user, or None; held: its content, which
    stays what it was when another program replaces the file or deletes it; comes_from: see `ancestry`.
    """

    path: Path
    project: Project
    signature: Signature
    read_only: str | None
    held: Held | None = None
    comes_from: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """All states of the file that the project holds what was said in, this one last."""
        return (*self.comes_from, self.signature.digest)

    def arrays(self, inversion_id: str) -> Arrays:
        """An inversion's arrays, read now.

        Raises KeyError when the project has no such inversion, SidecarDamaged when they are of no use.
        """
        inversion = self.project.inversion(inversion_id)
        expected = tensors.layout(inversion, self.project.frame(inversion.frame))
        with _reading(self.path, self.held) as file:
            archive = Archive(file)
            try:
                return tensors.unpack(archive.read(arrays_member(inversion_id)), expected)
            except Unsound as error:
                backup = backup_path(self.path)
                raise refusals.unusable(self.path, str(error), backup if is_whole(backup) else None) from error

    def preview(self, version_id: str) -> bytes | None:
        """The version's WebP, read now and not yet decoded (look at its size first); None when there is none, or it is
        damaged, as another can be rendered.
        """
        with _reading(self.path, self.held) as file:
            archive = Archive(file)
            name = preview_member(version_id)
            return archive.read(name) if is_sound_preview(archive, name) else None

    def desk(self) -> bytes | None:
        """desk.json, read now and not yet looked at; None where there is none, empty where it cannot be
        read.
        """
        with contextlib.suppress(SidecarError), _reading(self.path, self.held) as file:
            archive = Archive(file)
            return archive.read(DESK, MAX_BYTES) if DESK in archive.names else None
        return b""


def signature_of(path: Path) -> Signature | None:
    """Of the file as it is now; None when there is none."""
    try:
        with _reading_if_there(path) as file:
            return None if file is None else sign(file)
    except OSError as error:
        raise SidecarError(refusals.cannot_read(path, error)) from error


def read_sidecar(path: Path) -> Stored:
    """Open a project; arrays and previews are read when asked for, but their headers are checked now."""
    with _reading(path) as file:
        archive = Archive(file)
        project, newer = load(archive, path)
        return Stored(path, project, sign(file), newer, hold(file), ancestry.states_in(archive))


def as_written(path: Path, project: Project, signature: Signature) -> Stored:
    """A project that was just written. Raises SidecarChanged when the file is another one by now."""
    with _reading(path) as file:
        if sign(file) != signature:
            raise SidecarChanged(refusals.changed(path))
        return Stored(path, project, signature, None, hold(file), ancestry.states_in(Archive(file)))


def write_sidecar(
    path: Path,
    project: Project,
    arrays: Mapping[str, Arrays],
    previews: Mapping[str, bytes],
    expected: Signature | None,
    desk: Callable[[], bytes] | None = None,
) -> Signature:
    """Save a project; whatever happens, `path` holds the old state or the new one, whole, and the old one is kept as
    `.nti~`, unless it is damaged and the one before it is not. Nothing is written when nothing changed.

    arrays, previews: by inversion and version id; those left out are taken over from the file on disk, as are the parts
    of other programs, but no preview that is damaged or of a version that was changed since. expected: signature of the
    file as it was opened or last saved, None for the first save; when the file on disk is another one, SidecarChanged
    is raised and nothing is overwritten. desk: makes desk.json; None to take over that of the file on disk.
    """
    with saving_alone(path):
        return write_alone(path, project, arrays, previews, expected, desk)


def write_alone(
    path: Path,
    project: Project,
    arrays: Mapping[str, Arrays],
    previews: Mapping[str, bytes],
    expected: Signature | None,
    desk: Callable[[], bytes] | None = None,
    comes_from: Sequence[str] = (),
) -> Signature:
    """As `write_sidecar`, for whoever keeps other programs out already. comes_from: states besides that of the file on
    disk, see `ancestry`.
    """
    path = Path(os.path.realpath(path))
    if project.schema_version != SCHEMA_VERSION:
        raise SidecarNewer(refusals.read_only(path))
    try:
        return _write(path, project, arrays, previews, expected, desk, comes_from)
    except OSError as error:
        raise SidecarError(refusals.cannot_save(path, error)) from error
    except Unsound as error:
        raise SidecarError(f"“{path.name}” cannot be saved because {error}; what was saved before is kept.") from error


def _write(
    path: Path,
    project: Project,
    arrays: Mapping[str, Arrays],
    previews: Mapping[str, bytes],
    expected: Signature | None,
    desk: Callable[[], bytes] | None,
    comes_from: Sequence[str],
) -> Signature:
    with contextlib.ExitStack() as writing:
        with _reading_if_there(path) as file:
            before = None if file is None else sign(file)
            if before is not None and before != expected:
                raise SidecarChanged(refusals.changed(path))
            given, kept, sound, states = _given(project, arrays, previews, desk), {}, False, list(comes_from)
            if file is not None:
                with _damage_said(path):
                    old = Archive(file)
                    was, _ = load(old, path)
                kept, sound = _kept(old, was, project), has_sound_arrays(old, was)
            members = _members(project, kept | given)
            if before is not None and was == project and _is_unchanged(old, given, members):
                return before
            if before is not None:
                states += [*ancestry.states_in(old), before.digest]
            members[ancestry.MEMBER] = lambda: stored(ancestry.written(states))
            temporary = writing.enter_context(atomic.write_beside(path, zipped(members.items()), like=path))
        with open(temporary, "rb") as written:
            load(Archive(written), path)
            signature = sign(written)
        if before is not None and (sound or not is_whole(backup_path(path))):
            atomic.copy(path, backup_path(path))
        if signature_of(path) != before:
            raise SidecarChanged(refusals.changed(path))
        begun_anew = before is None and backup_path(path).exists()
        if begun_anew:  # what can be brought back stays
            atomic.copy(backup_path(path), free_name(path, "earlier"))
        _put_in_place(temporary, path)
    try:
        disk.sync_folder(path.parent)
    except OSError as error:
        raise SidecarUnconfirmed(
            f"“{path.name}” was saved, but the disk did not confirm it ({error.strerror}); keep a copy elsewhere.",
            signature,
        ) from error
    if begun_anew:
        atomic.discard(backup_path(path))
    return signature


def _put_in_place(temporary: Path, path: Path) -> None:
    try:
        atomic.replace(temporary, path)
    except PermissionError as error:
        if not atomic.is_in_use(error):
            raise
        beside = path.with_name(path.name + ".new")
        disk.replace(temporary, beside)
        raise SidecarInUse(
            f"Another program is using “{path.name}”, so the new state was saved as “{beside.name}”; "
            "close that program and save again.",
            beside,
        ) from error


Make = Callable[[], Member]


def _given(
    project: Project, arrays: Mapping[str, Arrays], previews: Mapping[str, bytes], desk: Callable[[], bytes] | None
) -> dict[str, Make]:
    """Collect, by member, the arrays and previews from the caller that belong to the project, and the desk."""
    inversions = {i.id: arrays[i.id] for i in project.inversions if i.id in arrays}
    pictures = {v.id: previews[v.id] for v in project.versions if v.id in previews}
    given: dict[str, Make] = {arrays_member(name): partial(_packed, kept) for name, kept in inversions.items()}
    given |= {preview_member(name): partial(stored, picture) for name, picture in pictures.items()}
    return given | ({DESK: lambda: stored(desk())} if desk else {})


def _packed(arrays: Arrays) -> Member:
    return stored(tensors.pack(arrays))


def _kept(old: Archive, was: Project, project: Project) -> dict[str, Make]:
    """Collect, by member, what of the old file may go on; no preview that is damaged or of a version that looks
    different now.
    """
    looked = {v.id: v.look for v in was.versions}
    gone = {preview_member(v.id) for v in project.versions if looked.get(v.id) != v.look}
    gone |= {name for name in old.names if name.startswith(PREVIEWS) and not is_sound_preview(old, name)}
    return {name: partial(old.member, name) for name in old.names if name not in gone}


def _members(project: Project, have: Mapping[str, Make]) -> dict[str, Make]:
    """All members of the new file, in order."""
    members: dict[str, Make] = {
        "mimetype": lambda: stored(MIMETYPE),
        "project.json": lambda: stored(schema.to_json(project)),
    }
    for inversion in project.inversions:
        name = arrays_member(inversion.id)
        if name not in have:
            raise Unsound("the arrays of an inversion are gone with the file that held them")
        members[name] = have[name]
    for version in project.versions:
        name = preview_member(version.id)
        if name in have:
            members[name] = have[name]
    others = (DESK, ancestry.MEMBER)
    return members | {name: make for name, make in have.items() if is_unknown(name) or name in others}


def _is_unchanged(old: Archive, given: Mapping[str, Make], members: Mapping[str, Make]) -> bool:
    try:
        return set(members) == set(old.names) and all(
            old.read(name) == b"".join(make().pieces()) for name, make in given.items()
        )
    except Unsound:
        return False


@contextlib.contextmanager
def _reading(path: Path, held: Held | None = None) -> Iterator[BinaryIO]:
    """The open file, or what is held of it; what goes wrong with it meanwhile becomes a SidecarError."""
    try:
        with _damage_said(path), disk.open_to_read(path) if held is None else held.open() as file:
            yield file
    except FileNotFoundError as error:
        raise SidecarError(f"“{path.name}” is not there; look for it in another folder.") from error
    except OSError as error:
        raise SidecarError(refusals.cannot_read(path, error)) from error


@contextlib.contextmanager
def _damage_said(path: Path) -> Iterator[None]:
    """Say of a file that is found not to be sound that it is damaged, as a SidecarDamaged."""
    try:
        yield
    except Unsound as error:
        recoverable = is_whole(backup_path(path))
        raise SidecarDamaged(path, refusals.damaged(path, str(error), recoverable), recoverable) from error


@contextlib.contextmanager
def _reading_if_there(path: Path) -> Iterator[BinaryIO | None]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(disk.open_to_read(path))
        except FileNotFoundError:
            file = None
        yield file


def is_whole(path: Path) -> bool:
    """Tell whether a project can be read to its end, each part with its checksum, which opening leaves for later; of
    its previews, which can be rendered, nothing is asked.
    """
    try:
        with disk.open_to_read(path) as file:
            check_whole(file, path)
    except (OSError, Unsound, SidecarNewer):
        return False
    return True
