"""The samples that come with the program: each is edited as the user's own copy, so that the work on it is kept."""

from functools import cache
from pathlib import Path

import platformdirs

from nti_desktop.core import atomic
from nti_desktop.core.errors import PhotoError
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.photo.reading.identify import identify


def own_copy(sample: Path) -> Path:
    """The sample in the user's own folder, put there when it is not there yet. Raises PhotoError."""
    folder = platformdirs.user_data_path("nti-desktop", appauthor=False) / "samples"
    copy = folder / sample.name
    try:
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            atomic.write_bytes(copy, sample.read_bytes())
    except OSError as error:
        raise PhotoError(f"The sample cannot be copied to “{folder}”: {error.strerror}.") from error
    return copy


@cache
def _by_identity() -> dict[str, Sample]:
    return {identify(sample.path): sample for sample in samples()}


def sample_of(identity: str) -> Sample | None:
    """The sample a picture is a copy of, whatever it is called; None for any other picture."""
    return _by_identity().get(identity)
