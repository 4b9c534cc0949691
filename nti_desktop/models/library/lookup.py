"""The model that an inversion was made with: where it was, or wherever it lies by now."""

import os
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.library.catalog import ModelEntry, find_model, installed, name_of
from nti_desktop.models.library.fingerprints import fingerprint, known_fingerprint, may_have


class ModelGone(ModelError):
    """what: says that a photo's model is missing or has changed, without a word on what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; bring it back, or prepare the photo again with another.")
        self.what = what


def find_made_with(
    id: str, wanted: str, could_be: Callable[[ModelEntry], bool], cancel: CancelToken | None = None
) -> ModelEntry:
    """The model of this fingerprint: the one by this id, else any that is installed.

    could_be: false for models that need not be read. Raises ModelGone when there is none, Cancelled.
    """
    there = _there(id)
    if there is not None and _is(there, wanted, cancel):
        return there
    others = [entry for entry in installed() if entry.id != id and could_be(entry) and may_have(entry, wanted)]
    for entry in sorted(others, key=lambda entry: (known_fingerprint(entry) != wanted, entry.name != _name(id))):
        if _is(entry, wanted, cancel):
            return entry
    if there is not None:
        raise ModelGone(f"The model “{there.name}” has changed since this photo was prepared")
    if os.path.lexists(id):
        raise ModelGone(f"The model “{_name(id)}” that this photo was prepared with can no longer be used")
    raise ModelGone(f"The model “{_name(id)}” that this photo was prepared with is not on this computer")


def _there(id: str) -> ModelEntry | None:
    try:
        return find_model(id)
    except ModelError:
        return None


def _is(entry: ModelEntry, wanted: str, cancel: CancelToken | None) -> bool:
    try:
        return fingerprint(entry, cancel) == wanted
    except ModelError:
        return False


def _name(id: str) -> str:
    """Derive what a model was called from its id, which may be a path of another system."""
    path = PureWindowsPath(id) if "\\" in id else PurePosixPath(id)
    return path.stem if path.suffix.casefold() in ENDINGS else name_of(path)
