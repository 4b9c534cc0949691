"""A project whose photo was turned by another program: its frames move along, the model's pictures stay as they are."""

from nti_desktop.photo.orientation import combined, swaps_sides, turned_area, undone
from nti_desktop.project.schema import FrameRecord, Project


def reoriented(project: Project, orientation: int) -> Project:
    """The project for the photo under another EXIF orientation, 1 to 8."""
    photo = project.photo
    turn = combined(undone(photo.orientation), orientation)
    size = photo.width, photo.height
    width, height = reversed(size) if swaps_sides(turn) else size
    return project.model_copy(
        update={
            "photo": photo.model_copy(update={"orientation": orientation, "width": width, "height": height}),
            "frames": tuple(_turned_frame(frame, turn, size) for frame in project.frames),
        }
    )


def _turned_frame(frame: FrameRecord, turn: int, size: tuple[int, int]) -> FrameRecord:
    x, y, width, height = turned_area((frame.x, frame.y, frame.width, frame.height), size, turn)
    model_turn = combined(undone(turn), frame.turn)
    return frame.model_copy(update={"x": x, "y": y, "width": width, "height": height, "turn": model_turn})
