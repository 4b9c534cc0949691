"""The model that an inversion was made with: where it was, or wherever it lies by now."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from nti_desktop.core.disk import server_of
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.library.additions import found_additions
from nti_desktop.models.library.catalog import ModelEntry, find_model, installed, name_of
from nti_desktop.models.library.fingerprints import fingerprint, known_fingerprint, may_have
from nti_desktop.models.library.places import Given, read_places
from nti_desktop.recipe.jobs import Addition


class ModelGone(ModelError):
    """what: says that a photo's model is missing or has changed, without a word on what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; bring it back, or prepare the photo again with another.")
        self.what = what


def find_made_with(
    id: str,
    wanted: str,
    could_be: Callable[[ModelEntry], bool],
    cancel: CancelToken | None = None,
    added: Sequence[Addition] = (),
) -> ModelEntry:
    """The model of this fingerprint: the one by this id, else any that is installed; with what it is given now, else
    with what was added to it then.

    What reads pictures comes along as it is given now. could_be: false for models that need not be read. On another
    computer only what the user has added is looked for. Raises ModelGone when there is none, Cancelled.
    """
    there, (given, lacking) = None if server_of(id) else _there(id), _given(added)
    given += () if there is None else tuple(a.given for a in there.additions if a.reads_pictures)
    for entry in (there, None if there is None or lacking else _there(id, given)):
        if entry is not None and _is(entry, wanted, cancel):
            return entry
    looked_at = None if there is None else (there.id, there.files)
    elsewhere = [entry for entry in installed() if (entry.id, entry.files) != looked_at and could_be(entry)]
    if not lacking:
        elsewhere += [e for e in (_there(e.id, given) for e in elsewhere if not e.built_in) if e is not None]
    others = [entry for entry in elsewhere if may_have(entry, wanted)]
    for entry in sorted(others, key=lambda entry: (known_fingerprint(entry) != wanted, entry.name != _name(id))):
        if _is(entry, wanted, cancel):
            return entry
    if there is not None and lacking is not None:
        raise ModelGone(
            f"The {lacking.kind} “{_file_name(lacking)}” that this photo was prepared with is not on this computer"
        )
    if there is not None:
        raise ModelGone(f"The model “{there.name}” has changed since this photo was prepared")
    if not server_of(id) and os.path.lexists(id):
        raise ModelGone(f"The model “{_name(id)}” that this photo was prepared with can no longer be used")
    raise ModelGone(f"The model “{_name(id)}” that this photo was prepared with is not on this computer")


def _there(id: str, given: Sequence[Given] | None = None) -> ModelEntry | None:
    """given: see `find_model`."""
    try:
        return find_model(id, given)
    except ModelError:
        return None


def _given(added: Sequence[Addition]) -> tuple[tuple[Given, ...], Addition | None]:
    """Find what was added to a model: where it lay, else by its name among what models are given and in the usual
    places. Returns it with the first that is nowhere, None where nothing is lacking.
    """
    known: dict[str, Path] | None = None
    given = []
    for each in added:
        file = each.file if not server_of(each.file) and os.path.isfile(each.file) else None
        if file is None:
            known = _known_additions() if known is None else known
            file = known.get(_file_name(each))
        if file is None:
            return (), each
        given.append(Given(file, each.weight))
    return tuple(given), None


def _known_additions() -> dict[str, Path]:
    places = read_places()
    files = [each.file for _, given in places.additions for each in given]
    return {file.name: file for file in (*found_additions(places), *files) if os.path.isfile(file)}


def _file_name(addition: Addition) -> str:
    """Name its file, of whatever system its path is."""
    path = str(addition.file)
    return (PureWindowsPath(path) if "\\" in path else PurePosixPath(path)).name


def _is(entry: ModelEntry, wanted: str, cancel: CancelToken | None) -> bool:
    try:
        return fingerprint(entry, cancel) == wanted
    except ModelError:
        return False


def _name(id: str) -> str:
    """Derive what a model was called from its id, which may be a path of another system."""
    path = PureWindowsPath(id) if "\\" in id else PurePosixPath(id)
    return path.stem if path.suffix.casefold() in ENDINGS else name_of(path)
