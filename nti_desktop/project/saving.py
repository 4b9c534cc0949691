"""Saving a project that other programs may be saving, too: nothing that anybody saved is lost."""

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nti_desktop.core.errors import SidecarError
from nti_desktop.project import refusals
from nti_desktop.project.exclusion import saving_alone
from nti_desktop.project.location import same_place
from nti_desktop.project.merge import Merged, Unmergeable, alike, merge, shared
from nti_desktop.project.refusals import SidecarChanged, SidecarDamaged, SidecarNewer, SidecarUnconfirmed
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import (
    Stored,
    as_written,
    backup_path,
    read_sidecar,
    signature_of,
    write_alone,
)
from nti_desktop.project.signature import Signature
from nti_desktop.recipe.jobs import Arrays

_ATTEMPTS = 20  # on a network share without locks, and beside programs that know of none
_SETTLING = 0.3  # seconds; from the last look at a file to its replacement a save takes less


@dataclass(frozen=True, eq=False)
class Saved:
    """stored: the project as it lies on the disk, with what another program saved meanwhile where `merged`; beside:
    the sentence that says so where it lies under another name; unconfirmed: what a disk said that did not confirm it.
    """

    stored: Stored
    merged: bool = False
    beside: str | None = None
    unconfirmed: SidecarUnconfirmed | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """What is written besides the project, see `write_sidecar`."""

    arrays: Mapping[str, Arrays]
    previews: Mapping[str, bytes]
    desk: Callable[[], bytes] | None


def save_sidecar(
    path: Path,
    project: Project,
    arrays: Mapping[str, Arrays],
    previews: Mapping[str, bytes],
    base: Stored | None,
    desk: Callable[[], bytes] | None = None,
) -> Saved:
    """Save a project, merged with what another program has saved there since `base`; what cannot be merged is saved
    beside under a free name.

    arrays, previews: as `write_sidecar` takes them; what is left out may also come from `base`, should the file be
    gone. base: the project as it was last read or saved, here or elsewhere, None for the first save. desk: see
    `write_sidecar`. Raises SidecarError; what lies on the disk is then as it was.
    """
    given = Given(arrays, previews, desk)
    for _ in range(_ATTEMPTS):
        try:
            with saving_alone(path) as alone:
                saved = _save(path, project, given, base)
            if alone or _is_settled(saved.stored):
                return saved
        except SidecarChanged:  # by a program that does not ask for locks
            continue
    raise SidecarChanged(refusals.changed(path))


def remove_moved(base: Stored, moved: Stored) -> None:
    """Leave nothing where a project lay that was saved elsewhere; what another program has saved there since `base`, or
    cannot be removed, stays. moved: as it lies on the disk now.
    """
    if same_place(base.path, moved.path):
        return
    with contextlib.suppress(OSError, SidecarError), saving_alone(base.path):
        if signature_of(base.path) == base.signature:
            base.path.unlink()
            backup_path(base.path).unlink(missing_ok=True)


def _is_settled(stored: Stored) -> bool:
    """Tell whether it stays: where nothing is locked, a save that began at the same moment may have the last word."""
    time.sleep(_SETTLING)
    return signature_of(stored.path) == stored.signature


def _save(path: Path, project: Project, given: Given, base: Stored | None) -> Saved:
    """Under the lock."""
    ancestor = base if base is not None and same_place(base.path, path) else None
    found = signature_of(path)
    try:
        if found is None or (ancestor is not None and found == ancestor.signature):
            return _write(path, project, given, base, ancestor if found else None)
        theirs = read_sidecar(path)
        merged = _merged(ancestor, project, theirs)
    except (SidecarDamaged, SidecarNewer, Unmergeable) as error:
        beside = free_name(path)
        reason = str(error) if isinstance(error, Unmergeable) else _reason(error)
        saved = _write(beside, project, given, base, None)
        return replace(saved, beside=refusals.saved_beside(path, beside, reason))
    pictures = {copy: picture for copy, of in merged.copies.items() if (picture := _preview(theirs, of))}
    given = replace(given, previews={**given.previews, **pictures})
    new = merged.project
    if alike(new, theirs.project):  # what is looked at stays as it is there, or two would never settle
        new, given = theirs.project, replace(given, desk=None)
    saved = _write(path, new, given, base, theirs)
    return replace(saved, merged=not alike(new, project))


def _merged(ancestor: Stored | None, project: Project, theirs: Stored) -> Merged:
    if theirs.read_only:
        raise SidecarNewer(theirs.read_only)
    base = None if ancestor is None else common_ancestor(ancestor.project, ancestor.signature, theirs)
    return merge(base, project, theirs.project)


def common_ancestor(base: Project, signature: Signature | None, theirs: Stored) -> Project:
    """Return what two projects were changed apart from: `base`, with this signature; but what both still have of it
    where another program did not go on from that, but from an older state, or began anew: it has neither deleted what
    it never had nor changed what was otherwise then.
    """
    came_from_it = signature is not None and signature.digest in theirs.states
    return base if came_from_it else shared(base, theirs.project)


def _reason(error: SidecarError) -> str:
    return "a newer version of this program wrote it" if isinstance(error, SidecarNewer) else "it is damaged by now"


def _write(path: Path, project: Project, given: Given, base: Stored | None, there: Stored | None) -> Saved:
    """Write over what is there; what that lacks and nobody gives is taken from `base`."""
    if base is not None and base is not there:
        known = {inversion.id for inversion in (there.project.inversions if there else ())}
        before = {inversion.id for inversion in base.project.inversions}
        lacking = ({inversion.id for inversion in project.inversions} - known - given.arrays.keys()) & before
        desk = base.desk() if given.desk is None and there is None else None
        given = Given(
            {**{name: _arrays(base, name) for name in lacking}, **given.arrays},
            {**_previews(base, project), **given.previews},
            (lambda: desk) if desk else given.desk,
        )
    expected, unconfirmed = there.signature if there else None, None
    try:
        states = base.states if base else ()
        signature = write_alone(path, project, given.arrays, given.previews, expected, given.desk, states)
    except SidecarUnconfirmed as error:
        signature, unconfirmed = error.signature, error
    return Saved(as_written(path, project, signature), unconfirmed=unconfirmed)


def _arrays(base: Stored, inversion_id: str) -> Arrays:
    """An inversion's arrays as they were read or saved last; else those of the save before."""
    try:
        return base.arrays(inversion_id)
    except SidecarError:
        try:
            return read_sidecar(backup_path(base.path)).arrays(inversion_id)
        except (SidecarError, KeyError):
            pass
        raise


def _previews(base: Stored, project: Project) -> dict[str, bytes]:
    """Collect the pictures of versions that still look as they did."""
    looked = {version.id: version.look for version in base.project.versions}
    same = [version.id for version in project.versions if looked.get(version.id) == version.look]
    return {name: picture for name in same if (picture := _preview(base, name))}


def _preview(stored: Stored, version_id: str) -> bytes | None:
    try:
        return stored.preview(version_id)
    except SidecarError:
        return None  # it can be rendered


def free_name(path: Path) -> Path:
    """Name a project beside another, which it must not replace."""
    names = (path.with_name(f"{path.stem} ({number}){path.suffix}") for number in itertools.count(2))
    return next(name for name in names if not os.path.lexists(name))
