"""The files that a chooser of photos shows."""

from collections.abc import Sequence

from nti_desktop.photo.reading.header import PICTURE_SUFFIXES, RAW_SUFFIXES


def _filter(title: str, further: Sequence[str] = ()) -> str:
    return f"{title} ({' '.join(f'*{suffix}' for suffix in (*PICTURE_SUFFIXES, *sorted(RAW_SUFFIXES), *further))})"


PHOTOS = _filter("Photos")
PHOTOS_AND_PROJECTS = _filter("Photos and projects", (".nti",))
