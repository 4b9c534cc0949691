"""Two projects of one photo, changed apart since they were the same, put together again so that nothing is lost."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from nti_desktop.project.fields import Record
from nti_desktop.project.schema import FrameRecord, InversionRecord, PhotoRecord, Project, VersionRecord

T = TypeVar("T")
R = TypeVar("R", FrameRecord, InversionRecord, VersionRecord)

_Prepared = tuple[tuple[FrameRecord, ...], tuple[InversionRecord, ...]]

_LONGEST_NAME = 200  # characters
_MOST_NAMED = 3


class Unmergeable(Exception):
    """Why two projects cannot be put together, as a clause that can follow “because”."""


@dataclass(frozen=True)
class Merged:
    """copies: versions that are kept twice; id of the other program's, with the id that it has in the other project."""

    project: Project
    copies: Mapping[str, str]


def merge(base: Project | None, mine: Project, theirs: Project) -> Merged:
    """Put together what became of `base` in two programs; None where they began with nothing in common.

    Records are told apart by id. What one side alone added, changed or deleted is so in the result; a version that was
    deleted on one side and changed on the other stays; one that was changed on both is kept twice, theirs under a name
    that says so. Theirs come first, and the version shown stays. Raises Unmergeable.
    """
    photo = _photo(base.photo if base else None, mine.photo, theirs.photo)
    versions, copies = _versions(base.versions if base else (), mine.versions, theirs.versions)
    used = {part.inversion for version in versions for part in version.parts}
    sides = _with_shared_frames([(each.frames, each.inversions) if each else ((), ()) for each in (base, mine, theirs)])
    inversions = _records([inversions for _, inversions in sides], used)
    frames = _records([frames for frames, _ in sides], {inversion.frame for inversion in inversions})
    ids = [version.id for version in versions]
    current = mine.current
    if current is not None and current not in ids:
        current = theirs.current if theirs.current in ids else ids[-1] if ids else None
    extra = _three_way(_extra(base), _extra(mine), _extra(theirs), lambda _key, own, _other: own)
    try:
        project = Project.model_validate(
            {
                **extra,
                **{name: getattr(mine, name) for name in type(mine).model_fields},
                "photo": photo,
                "frames": frames,
                "inversions": inversions,
                "versions": versions,
                "current": current,
            }
        )
    except ValidationError as error:
        raise Unmergeable("together they are too large for one project") from error
    return Merged(project, copies)


def shared(one: Project, other: Project) -> Project:
    """Return what of a project is the same in another one."""
    same = {
        name: tuple(record for record in getattr(one, name) if record in getattr(other, name))
        for name in ("frames", "inversions", "versions")
    }
    return one.model_copy(update=same)


def alike(one: Project, other: Project) -> bool:
    """Tell whether two projects differ at most in what is looked at: the version, and the area worked on in each."""
    return (
        len(one.versions) == len(other.versions)
        and not any(a.id != b.id or _differ(a, b) for a, b in zip(one.versions, other.versions, strict=True))
        and (one.photo, one.frames, one.inversions, one.model_extra)
        == (other.photo, other.frames, other.inversions, other.model_extra)
    )


def said(before: Project, after: Project) -> tuple[str, ...]:
    """Say in whole sentences what of another program came into a project."""
    was, now = ({version.id: version for version in project.versions} for project in (before, after))
    came = [version.name for version in after.versions if version.id not in was]
    changed = [version.name for version in after.versions if version.id in was and _differ(version, was[version.id])]
    gone = [version.name for version in before.versions if version.id not in now]
    sentences = (
        (came, f"Another program has saved versions of this photo, which are here now: {_named(came)}."),
        (changed, f"Another program has changed versions of this photo: {_named(changed)}."),
        (gone, f"Another program has deleted versions of this photo: {_named(gone)}."),
    )
    return tuple(sentence for names, sentence in sentences if names)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def _photo(base: PhotoRecord | None, mine: PhotoRecord, theirs: PhotoRecord) -> PhotoRecord:
    if mine.identity != theirs.identity:
        raise Unmergeable("it belongs to another picture by now")
    if (mine.width, mine.height, mine.orientation) != (theirs.width, theirs.height, theirs.orientation):
        raise Unmergeable("the photo was turned meanwhile")
    return theirs if mine == base else mine


def _versions(
    base: Iterable[VersionRecord], mine: Iterable[VersionRecord], theirs: Iterable[VersionRecord]
) -> tuple[tuple[VersionRecord, ...], Mapping[str, str]]:
    others: list[VersionRecord] = []
    copies: dict[str, str] = {}

    def twice(_id: str, own: VersionRecord, other: VersionRecord) -> VersionRecord:
        if _differ(own, other):
            copy = _copy(other)
            others.append(copy)
            copies[copy.id] = other.id
        return own

    kept = _three_way(_by_id(base), _by_id(mine), _by_id(theirs), twice, _differ)
    added = {copy.id: copy for copy in others if copy.id not in kept}
    return (*kept.values(), *added.values()), {copy: of for copy, of in copies.items() if copy in added}


def _copy(version: VersionRecord) -> VersionRecord:
    """Name a version as another's; its id follows from what it says, so that whoever merges the same gets the same."""
    name = f"{version.name[: _LONGEST_NAME - 20]} (changed elsewhere)"
    digest = hashlib.sha256(version.model_dump_json().encode()).hexdigest()
    return version.model_copy(update={"id": digest[:16], "name": name})


def _differ(one: VersionRecord, other: VersionRecord) -> bool:
    """Tell whether two versions say different things; which of its areas is worked on is none."""
    return (one.name, one.look, one.made_from, one.time, one.model_extra) != (
        other.name,
        other.look,
        other.made_from,
        other.time,
        other.model_extra,
    )


def _records(sides: Sequence[Iterable[R]], used: set[str]) -> tuple[R, ...]:
    """Merge records that never change once they are made. sides: base, mine, theirs; used: ids that must stay."""

    def refuse(_id: str, own: R, other: R) -> R:
        raise Unmergeable("both have the same preparation with different results")

    base, mine, theirs = (_by_id(side) for side in sides)
    kept = _three_way(base, mine, theirs, refuse)
    everything = kept | {name: record for name, record in (theirs | mine).items() if name not in kept}
    return tuple(record for name, record in everything.items() if name in kept or name in used)


def _with_shared_frames(sides: Sequence[_Prepared]) -> list[_Prepared]:
    """Both may have framed the same rectangle; the smaller id is that of all then, whoever merges. sides: base, mine,
    theirs.
    """
    base, mine, theirs = (frames for frames, _ in sides)
    shared: dict[FrameRecord, FrameRecord] = {}
    for frame in (*sorted((*mine, *theirs), key=lambda each: each.id), *base):
        shared.setdefault(_rectangle(frame), frame)
    alike: list[_Prepared] = []
    for frames, inversions in sides:
        meant = {frame.id: shared[_rectangle(frame)] for frame in frames}
        moved = tuple(each.model_copy(update={"frame": meant[each.frame].id}) for each in inversions)
        alike.append((tuple(dict.fromkeys(meant.values())), moved))
    return alike


def _rectangle(frame: FrameRecord) -> FrameRecord:
    return frame.model_copy(update={"id": ""})


def _three_way(
    base: Mapping[str, T],
    mine: Mapping[str, T],
    theirs: Mapping[str, T],
    both: Callable[[str, T, T], T],
    differ: Callable[[T, T], bool] = lambda one, other: one != other,
) -> dict[str, T]:
    """Merge by key, theirs first, so that all who merge come to the same order.

    both: chooses where both sides changed a value, or added one under the same key.
    """
    kept: dict[str, T] = {}
    for key in dict.fromkeys((*theirs, *mine)):
        if key in mine and key in theirs:
            own, other = mine[key], theirs[key]
            if key in base and not differ(base[key], own):
                kept[key] = other if differ(own, other) else own
            elif key in base and not differ(base[key], other):
                kept[key] = own
            else:
                kept[key] = both(key, own, other) if differ(own, other) else own
        else:
            left = mine[key] if key in mine else theirs[key]
            if key not in base or differ(base[key], left):
                kept[key] = left
    return kept


def _by_id(records: Iterable[R]) -> dict[str, R]:
    return {record.id: record for record in records}


def _extra(record: Record | None) -> dict[str, object]:
    return dict(record.model_extra or {}) if record is not None else {}
