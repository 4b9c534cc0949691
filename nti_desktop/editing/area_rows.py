"""The areas of a photo as they are listed: what each is called, and whether it can be taken out of the version."""

from dataclasses import dataclass

from nti_desktop.editing.document import Document
from nti_desktop.photo.frame import Area


@dataclass(frozen=True)
class AreaRow:
    """label: what the area is called; explanation: its size; can_leave: whether it can be taken out of the version."""

    area: Area
    label: str
    explanation: str
    can_leave: bool


def whole_row(whole: Area) -> AreaRow:
    """Return the row of the whole photo, which is always listed."""
    return _row(whole, "Whole photo", whole, can_leave=False)


def area_rows(document: Document) -> tuple[AreaRow, ...]:
    """List the whole photo and the areas of the version, with the one to be prepared; an edit that is the only one of
    the version stays, as all do of a project that may not be changed.
    """
    whole, *areas = document.areas
    edited = document.edited_areas
    can_change = len(edited) > 1 and not document.session.read_only
    return (
        whole_row(whole),
        *(
            _row(area, f"Area {number}", whole, can_leave=area not in edited or can_change)
            for number, area in enumerate(areas, 1)
        ),
    )


def _row(area: Area, label: str, whole: Area, can_leave: bool) -> AreaRow:
    explanation = f"{area.width} × {area.height} pixels of {whole.width} × {whole.height}"
    return AreaRow(area, label, explanation, can_leave)
