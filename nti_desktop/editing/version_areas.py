"""The areas of the photo that a version edits; none before the photo was prepared, when there is no version."""

from nti_desktop.editing.composition import frame_of_inversion
from nti_desktop.editing.render_requests import Beside
from nti_desktop.editing.version_list import state_of
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import PartRecord, Project, VersionRecord
from nti_desktop.recipe.recipe import asks_for_nothing


def edits_by_area(project: Project, version: VersionRecord | None) -> dict[Area, PartRecord]:
    """Return a version's edits by their areas, that of the area that is worked on first."""
    parts = version.parts if version else ()
    return {frame_of_inversion(project, part.inversion).area: part for part in parts}


def descriptions(project: Project, version: VersionRecord | None, fingerprint: str) -> dict[Area, str]:
    """Return what the areas of a version are described with that were prepared with the model of this fingerprint."""
    edits = edits_by_area(project, version)
    inversions = {area: project.inversion(part.inversion) for area, part in edits.items()}
    return {
        area: inversion.settings.prompt
        for area, inversion in inversions.items()
        if inversion.model_fingerprint == fingerprint
    }


def areas_as_laid(project: Project, version: VersionRecord | None) -> list[Area]:
    """List a version's areas in the order that their edits are laid into the photo."""
    parts = version.parts if version else ()
    frames = {project.inversion(part.inversion).frame for part in parts}
    return [Area(frame.x, frame.y, frame.width, frame.height) for frame in project.frames if frame.id in frames]


def edits_beside(project: Project, version: VersionRecord | None) -> Beside:
    """Return a version's edits of areas that are not worked on, as far as they ask for something."""
    return _asking(project, version.others if version else ())


def is_the_photo(project: Project, version: VersionRecord) -> bool:
    """Tell whether a version asks for nothing in any area."""
    return not _asking(project, version.parts)


def _asking(project: Project, parts: tuple[PartRecord, ...]) -> Beside:
    states = [(project.inversion(part.inversion), state_of(part)) for part in parts]
    return tuple(
        (inversion.id, state)
        for inversion, state in states
        if not asks_for_nothing(state.recipe, inversion.settings.prompt)
    )


def parts_beside(project: Project, inversion_id: str) -> tuple[PartRecord, ...]:
    """Return the edits of other areas in the version that was made or shown last: an edit of this one keeps them."""
    versions = project.versions
    last = project.version(project.current) if project.current else versions[-1] if versions else None
    area = frame_of_inversion(project, inversion_id).area
    return tuple(part for other, part in edits_by_area(project, last).items() if other != area)
