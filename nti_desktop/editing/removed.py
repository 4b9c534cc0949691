"""What was taken out of a project, so that it can be put back."""

from dataclasses import dataclass

from nti_desktop.project.schema import PartRecord, VersionRecord


@dataclass(frozen=True)
class RemovedVersion:
    """A version that was deleted. place: its index in the list; preview: where one was not saved yet."""

    version: VersionRecord
    place: int
    preview: bytes | None


@dataclass(frozen=True)
class RemovedPart:
    """The edit of an area that was taken out of a version. place: its index among the version's parts; preview: of the
    version with it, where one was not saved yet.
    """

    version: str
    part: PartRecord
    place: int
    preview: bytes | None
