"""What a sidecar says: its parts checked, its project.json parsed, brought up to date and checked.

Opening costs little whatever the file is: all that is believed is measured first, and previews and parts of other
programs are left alone.
"""

import json
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError
from pydantic_core import from_json as parse_json

from nti_desktop.core.plain_text import one_line
from nti_desktop.project import refusals, tensors
from nti_desktop.project.archive import Archive, Unsound
from nti_desktop.project.extent import MAX_BYTES, TooMuch, check_extent, check_sentences
from nti_desktop.project.migrations import migrate, recipes_in, version_of
from nti_desktop.project.refusals import SidecarNewer
from nti_desktop.project.schema import SCHEMA_VERSION, Project

MIMETYPE = b"application/x-nti-project"
MAX_PREVIEW = 2**24  # bytes; a larger one is none
MAX_UNKNOWN = 2000  # parts of other programs, so that there is room for all of a project's own
MAX_UNPACKED, MAX_RATIO = 2**26, 10  # of arrays, which hardly pack: bytes, and besides as many times their packed ones
PREVIEWS = "previews/"  # folder in the archive


def load(archive: Archive, path: Path) -> tuple[Project, str | None]:
    """Read the project and, when a newer program wrote it, the sentence that says so.

    Raises Unsound; SidecarNewer when a newer project cannot be understood.
    """
    if not archive.is_stored_first("mimetype") or archive.read("mimetype", 64) != MIMETYPE:
        raise Unsound("it is no project of this program")
    tree = parsed(archive)
    newer = (version_of(tree) or 0) > SCHEMA_VERSION
    try:
        project = _project(tree)
        _check_members(archive, project)
    except Unsound as error:
        if newer:
            raise SidecarNewer(
                f"“{path.name}” was made by a newer version of NTI Desktop; update this one to open it."
            ) from error
        raise
    return project, refusals.read_only(path) if newer else None


def parsed(archive: Archive) -> object:
    """Read what its project.json says, of any format and not checked yet. Raises Unsound."""
    try:
        return parse(archive.read("project.json", MAX_BYTES))
    except TooMuch as error:
        raise Unsound(str(error)) from error
    except ValueError as error:
        raise Unsound("its part “project.json” is damaged") from error


def _project(tree: object) -> Project:
    try:
        return from_tree(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "as a whole"
        why = one_line(f"{where}: {first['msg'][:200]}")  # both may quote the file
        raise Unsound(f"what it says is not valid ({why})") from error
    except TooMuch as error:
        raise Unsound(str(error)) from error
    except ValueError as error:
        raise Unsound("it says a number that no file can hold") from error


def _check_members(archive: Archive, project: Project) -> None:
    """Of the arrays their sizes and headers; previews and parts of other programs may be whatever they are."""
    names = [arrays_member(inversion.id) for inversion in project.inversions]
    if sum(map(archive.size, names)) > MAX_UNPACKED + MAX_RATIO * sum(map(archive.packed_size, names)):
        raise Unsound("the arrays of its inversions are far too large")
    for inversion, name in zip(project.inversions, names, strict=True):
        expected = tensors.layout(inversion, project.frame(inversion.frame))
        tensors.check_header(archive.head(name, tensors.HEAD), archive.size(name), expected)
    if sum(map(is_unknown, archive.names)) > MAX_UNKNOWN:
        raise Unsound("it has far too many parts")


def check_whole(file: BinaryIO, path: Path) -> None:
    """Check the project and that its arrays are as they were written, which opening leaves for later.

    Raises as `load` does.
    """
    archive = Archive(file)
    project, _ = load(archive, path)
    if not has_sound_arrays(archive, project):
        raise Unsound("the arrays of an inversion are damaged")


def has_sound_arrays(archive: Archive, project: Project) -> bool:
    """Tell whether the arrays of all inversions are as they were written."""
    return all(archive.is_sound(arrays_member(inversion.id)) for inversion in project.inversions)


def is_sound_preview(archive: Archive, name: str) -> bool:
    """Tell whether a preview is there, of a size to be shown, and as it was written."""
    return name in archive.names and archive.size(name) <= MAX_PREVIEW and archive.is_sound(name)


def parse(data: bytes) -> object:
    """Read what project.json says, of any format and not checked yet.

    Raises ValueError: TooMuch, or when it is no JSON.
    """
    check_extent(data)
    tree: object = parse_json(data, allow_inf_nan=False)
    return tree


def from_tree(tree: object) -> Project:
    """Make a project of this format or of an older one, which is brought up to this one; `tree` is used up.

    Raises ValueError, most often pydantic's ValidationError, when it is not a whole project, types and ranges included.
    """
    migrate(tree)
    check_sentences(said for recipe in recipes_in(tree) if isinstance(said := recipe.get("prompt"), str))
    whole = json.dumps(tree, ensure_ascii=False, allow_nan=False)  # in unknown fields, too: JSON has no infinity
    return Project.model_validate_json(whole, strict=True)


def from_json(data: bytes) -> Project:
    """Parse and check a project; see `parse` and `from_tree`, which raise ValueError."""
    return from_tree(parse(data))


def arrays_member(inversion_id: str) -> str:
    """Name the part that holds an inversion's arrays."""
    return f"inversions/{inversion_id}.safetensors"


def preview_member(version_id: str) -> str:
    """Name the part that holds a version's preview."""
    return f"{PREVIEWS}{version_id}.webp"


def is_unknown(name: str) -> bool:
    """Tell whether a part belongs to another program or to a later one, for which there is a folder."""
    return name.startswith("x/")
