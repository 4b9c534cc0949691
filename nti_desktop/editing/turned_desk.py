"""What lies open beside a project whose photo was turned by another program."""

from dataclasses import replace

from nti_desktop.editing.desk import Desk
from nti_desktop.photo.frame import Area
from nti_desktop.photo.orientation import combined, turned_area, undone
from nti_desktop.project.schema import Project


def turned_desk(desk: Desk, project: Project, orientation: int) -> Desk:
    """Turn what lies open with the photo, to another EXIF orientation, 1 to 8. project: as it was before."""
    turn = combined(undone(project.photo.orientation), orientation)
    left = [(version, _turned(written, project, turn)) for (version, _), written in desk.left.items()]
    return replace(_turned(desk, project, turn), left={(version, each.area): each for version, each in left})


def _turned(written: Desk, project: Project, turn: int) -> Desk:
    """Marks of what was prepared before lie where its model sees them, and stay."""
    area, draft = written.area, written.draft
    if draft is not None and area not in [Area(each.x, each.y, each.width, each.height) for each in project.frames]:
        past, future = ([state.turned(turn) for state in states] for states in (draft.past, draft.future))
        draft = replace(draft, present=draft.present.turned(turn), past=tuple(past), future=tuple(future))
    place = (area.x, area.y, area.width, area.height), (project.photo.width, project.photo.height)
    return replace(written, area=Area(*turned_area(*place, turn)), draft=draft)
