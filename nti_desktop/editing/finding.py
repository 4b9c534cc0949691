"""Finding the project of a photo and the photo of a project, also when one of them was renamed or moved alone.

The identity of the picture tells which belong together. A copy of a photo is a photo of its own: what belongs to
another file with the same picture is left to that.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.folders import is_photo_file
from nti_desktop.photo.reading.identify import identify
from nti_desktop.project.belonging import Belonging, belonging, projects_of
from nti_desktop.project.location import data_folder, place_beside, same_place, usual_places
from nti_desktop.project.places import places

_MOST_READ = 2**31  # bytes of pictures that are read to find a project's photo among them


def find_project(photo: Path, identity: str) -> Path | None:
    """Find the project of a photo: at its usual places, under another name beside it or beside the file that it is a
    link to, or where it was seen last. None where there is none; the one beside it where that is another picture's,
    and there is no better. identity: of the photo.
    """
    beside = None
    for path in usual_places(photo, identity):
        if not os.path.exists(path):
            continue
        found = belonging(path)
        if found is None or (
            found.photo.identity == identity and (_is_named_after(path, photo) or _owns(photo, found))
        ):
            return path
        if _is_named_after(path, photo):
            beside = path
    return next((found.project for found in _elsewhere(photo, identity) if _owns(photo, found)), beside)


def find_photo(project: Belonging) -> Path:
    """Find the photo of a project: beside it or where it says, under another name beside it, or where it was seen last.

    Raises PhotoError where it is nowhere; a picture that is called as the photo should be is returned where there is
    none better, whatever it is.
    """
    named = project.files()
    for photo in (*named, *_other_pictures(project)):
        if _is_picture(photo, project.photo.identity):
            return photo
    if named:
        return named[0]
    raise PhotoError(
        f"The photo of “{project.project.name}”, “{project.photo.name}”, is not beside it; "
        "bring the two together, or open the photo itself."
    )


def said_of_elsewhere(project: Path, photo: Path) -> str:
    """Say of a project that does not lie where it would be looked for first where it does."""
    if same_place(project.parent, data_folder()):
        return "The project of this photo lies in the program's data folder; it could lie beside the photo."
    if project.parent == photo.absolute().parent:
        return f"The project of this photo is called “{project.name}”, as the photo was before."
    return f"The project of this photo was found as “{project}”."


def _is_named_after(project: Path, photo: Path) -> bool:
    return project == place_beside(photo)


def _owns(photo: Path, found: Belonging) -> bool:
    """Tell whether a project of the same picture is this photo's, and not that of a copy which is still there."""
    files = found.files()
    if any(_is_same(file, photo) for file in files):
        return True
    return not any(_is_picture(file, found.photo.identity) for file in files)


def _is_same(file: Path, photo: Path) -> bool:
    """Tell whether two names are of one file, also by links."""
    try:
        return os.path.samefile(file, photo)
    except OSError:
        return False  # one of them has gone meanwhile


def _elsewhere(photo: Path, identity: str) -> Iterator[Belonging]:
    target = Path(os.path.realpath(photo))
    for folder in dict.fromkeys((photo.absolute().parent, target.parent)):
        yield from projects_of(identity, folder)
    for place in places(identity):
        found = belonging(place.project)
        if found is not None and found.photo.identity == identity:
            yield found


def _other_pictures(project: Belonging) -> Iterator[Path]:
    """Find what its photo may be besides: where that was seen last, then the pictures in the project's folder that have
    no project of their own, those of its kind first.
    """
    yield from (place.photo for place in places(project.photo.identity) if os.path.isfile(place.photo))
    kind = Path(project.photo.name).suffix.casefold()
    try:
        with os.scandir(project.project.parent) as entries:
            sizes = {Path(each.path): each.stat().st_size for each in entries if is_photo_file(each)}
    except OSError:
        return
    left = _MOST_READ
    for photo in sorted(sizes, key=lambda file: (file.suffix.casefold() != kind, file.name)):
        if os.path.exists(place_beside(photo)):
            continue
        left -= sizes[photo]
        if left < 0:
            return
        yield photo


def _is_picture(photo: Path, identity: str) -> bool:
    try:
        return identify(photo) == identity
    except PhotoError:
        return False
