"""The samples that come with the program: each is edited as the user's own copy, so that the work on it is kept."""

from pathlib import Path

import platformdirs

from nti_desktop.errors import PhotoError
from nti_desktop.photo.photo import Photo
from nti_desktop.resources import resource


def shipped() -> list[tuple[Path, str]]:
    """Picture and description of each sample."""
    return [(path, path.stem) for path in sorted(resource("samples").glob("*.png"))]


def own_copy(sample: Path) -> Path:
    """The sample in the user's own folder, put there when it is not there yet. Raises PhotoError."""
    folder = platformdirs.user_data_path("nti-desktop", appauthor=False) / "samples"
    copy = folder / sample.name
    try:
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(sample.read_bytes())
    except OSError as error:
        raise PhotoError(f"The sample cannot be copied to “{folder}”: {error.strerror}.") from error
    return copy


def sentences(photo: Photo) -> tuple[str, tuple[str, ...]]:
    """Description and edits to try, when the photo is a sample."""
    return "", ()
