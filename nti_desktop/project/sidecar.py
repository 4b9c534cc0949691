"""The .nti sidecar: open it, save it, bring back the state before the last save.

Errors are SidecarError, each one sentence; the kinds a caller may want to tell apart are below.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError
from pydantic_core import from_json as parse_json

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project import refusals, schema, tensors
from nti_desktop.project.archive import Archive, Unsound, stored_zip
from nti_desktop.project.exclusion import saving_alone
from nti_desktop.project.held import Held, hold
from nti_desktop.project.location import backup_path, data_folder, find_sidecar, sidecar_path
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
    "find_sidecar",
    "read_sidecar",
    "recover_sidecar",
    "sidecar_path",
    "signature_of",
    "write_alone",
    "write_sidecar",
]

MIMETYPE = b"application/x-nti-project"
MAX_JSON = 2**24  # bytes
MAX_PREVIEW = 2**24
DESK = "desk.json"


@dataclass(frozen=True, eq=False)
class Stored:
    """A project as it lies on disk. read_only: why it cannot be saved, for the user, or None; held: its content, which
    stays what it was when another program replaces the file or deletes it.
    """

    path: Path
    project: Project
    signature: Signature
    read_only: str | None
    held: Held | None = None

    def arrays(self, inversion_id: str) -> Arrays:
        """An inversion's arrays, read now. Raises KeyError when the project has no such inversion."""
        inversion = self.project.inversion(inversion_id)
        expected = tensors.layout(inversion, self.project.frame(inversion.frame))
        with _reading(self.path, self.held) as file:
            return tensors.unpack(Archive(file).read(_arrays_member(inversion_id)), expected)

    def preview(self, version_id: str) -> bytes | None:
        """The version's WebP, read now and not yet decoded (look at its size first); None when there is none."""
        with _reading(self.path, self.held) as file:
            archive = Archive(file)
            name = _preview_member(version_id)
            return archive.read(name, MAX_PREVIEW) if name in archive.names else None

    def desk(self) -> bytes | None:
        """desk.json, read now and not yet looked at; None where there is none, or none that can be read."""
        with contextlib.suppress(SidecarError), _reading(self.path, self.held) as file:
            archive = Archive(file)
            return archive.read(DESK, MAX_JSON) if DESK in archive.names else None
        return None


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
        project, newer = _load(Archive(file), path)
        return Stored(path, project, sign(file), newer, hold(file))


def as_written(path: Path, project: Project, signature: Signature) -> Stored:
    """A project that was just written. Raises SidecarChanged when the file is another one by now."""
    with _reading(path) as file:
        if sign(file) != signature:
            raise SidecarChanged(refusals.changed(path))
        return Stored(path, project, signature, None, hold(file))


def recover_sidecar(path: Path) -> Stored:
    """Bring back the state before the last save; the damaged file is kept as `.nti.damaged`."""
    backup = backup_path(path)
    with _reading(backup) as file:
        _check_whole(file, backup)
    try:
        if path.exists():
            atomic.copy(path, path.with_name(path.name + ".damaged"))
        atomic.copy(backup, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        raise SidecarError(refusals.cannot_save(path, error)) from error
    return read_sidecar(path)


def write_sidecar(
    path: Path,
    project: Project,
    arrays: Mapping[str, Arrays],
    previews: Mapping[str, bytes],
    expected: Signature | None,
    desk: Callable[[], bytes] | None = None,
) -> Signature:
    """Save a project; whatever happens, `path` holds the old state or the new one, whole, and the old one is kept as
    `.nti~`. Nothing is written when nothing changed.

    arrays, previews: by inversion and version id; those left out are taken over from the file on disk, as are members
    under x/, but no preview of a version that was changed since. expected: signature of the file as it was opened or
    last saved, None for the first save; when the file on disk is another one, SidecarChanged is raised and nothing is
    overwritten. desk: makes desk.json; None to take over that of the file on disk.
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
) -> Signature:
    """As `write_sidecar`, for whoever keeps other programs out already."""
    path = Path(os.path.realpath(path))
    if project.schema_version != SCHEMA_VERSION:
        raise SidecarNewer(refusals.read_only(path))
    try:
        return _write(path, project, arrays, previews, expected, desk)
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
) -> Signature:
    with _reading_if_there(path) as file:
        before = None if file is None else sign(file)
        if before is not None and before != expected:
            raise SidecarChanged(refusals.changed(path))
        old = None if file is None else Archive(file)
        given = _given(project, arrays, previews) | ({DESK: desk} if desk else {})
        kept = {} if old is None else _kept(old, _load(old, path)[0], project)
        members = _members(project, kept | given)
        if before is not None and old is not None and _is_unchanged(old, path, project, given, members):
            return before
        temporary = atomic.write_beside(path, stored_zip(members.items()))
    try:
        with open(temporary, "rb") as written:
            _load(Archive(written), path)
            signature = sign(written)
        if before is not None:
            atomic.copy(path, backup_path(path))
        if signature_of(path) != before:
            raise SidecarChanged(refusals.changed(path))
        _put_in_place(temporary, path)
    except BaseException:
        atomic.discard(temporary)
        raise
    try:
        disk.sync_folder(path.parent)
    except OSError as error:
        raise SidecarUnconfirmed(
            f"“{path.name}” was saved, but the disk did not confirm it ({error.strerror}); keep a copy elsewhere.",
            signature,
        ) from error
    atomic.sweep(path.parent)
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


Make = Callable[[], bytes]


def _given(project: Project, arrays: Mapping[str, Arrays], previews: Mapping[str, bytes]) -> dict[str, Make]:
    """Collect, by member, the arrays and previews from the caller that belong to the project."""
    inversions = {i.id: arrays[i.id] for i in project.inversions if i.id in arrays}
    pictures = {v.id: previews[v.id] for v in project.versions if v.id in previews}
    given: dict[str, Make] = {_arrays_member(name): partial(tensors.pack, kept) for name, kept in inversions.items()}
    return given | {_preview_member(name): partial(bytes, picture) for name, picture in pictures.items()}


def _kept(old: Archive, was: Project, project: Project) -> dict[str, Make]:
    """Collect, by member, what of the old file may go on; no preview of a version that looks different now."""
    looked = {v.id: v.look for v in was.versions}
    stale = {_preview_member(v.id) for v in project.versions if looked.get(v.id) != v.look}
    return {name: partial(old.read, name) for name in old.names if name not in stale}


def _members(project: Project, have: Mapping[str, Make]) -> dict[str, Make]:
    """All members of the new file, in order."""
    members: dict[str, Make] = {"mimetype": lambda: MIMETYPE, "project.json": lambda: _to_json(project)}
    for inversion in project.inversions:
        name = _arrays_member(inversion.id)
        if name not in have:
            raise Unsound("the arrays of an inversion are gone with the file that held them")
        members[name] = have[name]
    for version in project.versions:
        name = _preview_member(version.id)
        if name in have:
            members[name] = have[name]
    return members | {name: make for name, make in have.items() if name.startswith("x/") or name == DESK}


def _to_json(project: Project) -> bytes:
    try:
        return schema.to_json(project)
    except ValueError as error:
        raise Unsound("it would hold something that no project can hold") from error


def _is_unchanged(
    old: Archive, path: Path, project: Project, given: Mapping[str, Make], members: Mapping[str, Make]
) -> bool:
    try:
        if set(members) != set(old.names) or _load(old, path)[0] != project:
            return False
        return all(old.read(name) == make() for name, make in given.items())
    except Unsound:
        return False


def _load(archive: Archive, path: Path) -> tuple[Project, str | None]:
    """The project and, when a newer program wrote it, the sentence that says so.

    Raises Unsound; SidecarNewer when a newer project cannot be understood.
    """
    if not archive.is_stored_first("mimetype") or archive.read("mimetype", 64) != MIMETYPE:
        raise Unsound("it is no project of this program")
    data = archive.read("project.json", MAX_JSON)
    newer = _is_newer(data)
    try:
        project = schema.from_json(data)
        _check_members(archive, project)
    except (ValidationError, Unsound) as error:
        if newer:
            raise SidecarNewer(
                f"“{path.name}” was made by a newer version of NTI Desktop; update this one to open it."
            ) from error
        if isinstance(error, ValidationError):
            raise Unsound(_clause(error)) from error
        raise
    return project, refusals.read_only(path) if newer else None


def _is_newer(data: bytes) -> bool:
    try:
        tree = parse_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise Unsound("its part “project.json” is damaged") from error
    version = tree.get("schema_version") if isinstance(tree, dict) else None
    return type(version) is int and version > SCHEMA_VERSION


def _clause(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "as a whole"
    return f"what it says is not valid ({where}: {first['msg'][:200]})"


def _check_members(archive: Archive, project: Project) -> None:
    for inversion in project.inversions:
        name = _arrays_member(inversion.id)
        expected = tensors.layout(inversion, project.frame(inversion.frame))
        tensors.check_header(archive.head(name, tensors.HEAD), archive.size(name), expected)
    for version in project.versions:
        name = _preview_member(version.id)
        if name in archive.names and archive.size(name) > MAX_PREVIEW:
            raise Unsound(f"its part “{name}” is far too large")


def _check_whole(file: BinaryIO, path: Path) -> None:
    """Every member with its checksum, which opening leaves for later."""
    archive = Archive(file)
    _load(archive, path)
    for name in archive.names:
        archive.read(name)


@contextlib.contextmanager
def _reading(path: Path, held: Held | None = None) -> Iterator[BinaryIO]:
    """The open file, or what is held of it; what goes wrong with it meanwhile becomes a SidecarError."""
    try:
        with open(path, "rb") if held is None else held.open() as file:
            yield file
    except FileNotFoundError as error:
        raise SidecarError(f"“{path.name}” is not there; look for it in another folder.") from error
    except OSError as error:
        raise SidecarError(refusals.cannot_read(path, error)) from error
    except Unsound as error:
        recoverable = _is_whole(backup_path(path))
        advice = (
            f"the state before its last save is intact in “{backup_path(path).name}” and can be brought back"
            if recoverable
            else "bring it back from a backup, or move it away to begin anew"
        )
        raise SidecarDamaged(f"“{path.name}” cannot be opened because {error}; {advice}.", recoverable) from error


@contextlib.contextmanager
def _reading_if_there(path: Path) -> Iterator[BinaryIO | None]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
        except FileNotFoundError:
            file = None
        yield file


def _is_whole(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            _check_whole(file, path)
    except (OSError, Unsound, SidecarNewer):
        return False
    return True


def _arrays_member(inversion_id: str) -> str:
    return f"inversions/{inversion_id}.safetensors"


def _preview_member(version_id: str) -> str:
    return f"previews/{version_id}.webp"
