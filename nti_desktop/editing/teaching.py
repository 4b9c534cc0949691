"""Teaching a model a word by a few photos: the photos and their sentences are checked, and a learning that was
interrupted goes on where it stood.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import ModelError, PhotoError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.known_speeds import speeds_of
from nti_desktop.models.hub.client import free_space
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.teaching import (
    check_kind,
    check_teachable,
    keep_taught,
    taught_word,
    with_word,
    word_file,
)
from nti_desktop.photo.frame import frame_image, whole_photo
from nti_desktop.photo.photo import open_photo
from nti_desktop.recipe.costs import Rates
from nti_desktop.recipe.jobs import MeasureJob
from nti_desktop.recipe.teaching import LEARNING, STEPS, Example, Learned, Taught, TeachJob

FEWEST, MOST = 3, 20  # photos
ROOM = 16 << 20  # bytes; the word and where its learning stands take less
_INTERRUPTED = 20  # learnings that are remembered, the newest
_LARGEST = 64 << 20  # bytes of one


@dataclass(frozen=True)
class Lesson:
    """What a model is to be taught. model: as it is listed, or the id of a built-in one; name: of the word, as it is
    spoken; kind: what it is one of, in words that the model knows; photos: with a sentence each, in which the name
    stands.
    """

    model: Path
    entry: ModelEntry
    name: str
    kind: str
    photos: tuple[tuple[Path, str], ...]


def usual_sentence(name: str) -> str:
    """Describe a photo of the thing by its name alone."""
    return f"a photo of {name.strip()}"


def check_lesson(lesson: Lesson) -> str:
    """Return the word that a lesson teaches. Raises ModelError in one sentence where it cannot be taught.

    The photos are not opened yet.
    """
    check_teachable(lesson.entry)
    word = taught_word(lesson.entry, lesson.name)
    check_kind(lesson.entry, lesson.kind)
    if not FEWEST <= len(lesson.photos) <= MOST:
        count = len(lesson.photos)
        raise ModelError(
            f"A word is learned from {FEWEST} to {MOST} photos, and here {'is 1' if count == 1 else f'are {count}'}; "
            "choose others."
        )
    for _, sentence in lesson.photos:
        with_word(sentence, lesson.name, word)
    _check_room(word_file(lesson.entry, word))
    return word


def teach_job(lesson: Lesson, cancel: CancelToken) -> TeachJob:
    """Ask for a lesson, which goes on where it was interrupted; opens the photos, and reads the model.

    Raises ModelError, PhotoError, Cancelled.
    """
    word, entry = check_lesson(lesson), lesson.entry
    examples, identities = [], dict[str, Path]()
    for path, sentence in lesson.photos:
        cancel.check()
        photo = open_photo(path)
        if (same := identities.setdefault(photo.identity, path)) is not path:
            raise PhotoError(f"“{path.name}” is the same photo as “{same.name}”; leave one of them out.")
        frame = whole_photo(*photo.raster.size, entry.native_size, entry.multiple)
        examples.append(Example(frame_image(photo.raster, frame), with_word(sentence, lesson.name, word)))
    kind = check_kind(entry, lesson.kind)
    asked = [fingerprint(entry, cancel), word, kind, *identities, *(each.sentence for each in examples)]
    file = learnings_folder() / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:32]}.safetensors"

    def keep(standing: Learned) -> None:
        """Keep it for an interrupted learning, which begins anew where it cannot be kept."""
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            if standing:
                atomic.write_bytes(file, save(dict(standing)))
            else:
                file.unlink(missing_ok=True)

    _forget_old()
    return TeachJob(entry.files, word, kind, tuple(examples), _standing(file), keep)


def keep_lesson(lesson: Lesson, job: TeachJob, taught: Taught) -> str:
    """Write the word that was learned, and give it to the model; the sentence says how to use it.

    Raises ModelError in one sentence; the learning can be finished later then.
    """
    said = keep_taught(lesson.entry, lesson.model, taught)
    job.keep({})
    return said


def measure_lesson(entry: ModelEntry, photo: Path) -> MeasureJob:
    """Ask how fast a model is at the size at which it sees a photo, which is opened where the job is done."""
    return MeasureJob(entry.files, partial(_seen, photo, entry), known=speeds_of(entry))


def _seen(path: Path, entry: ModelEntry) -> NDArray[np.uint8]:
    raster = open_photo(path).raster
    return frame_image(raster, whole_photo(*raster.size, entry.native_size, entry.multiple))


def seconds_of(rates: Rates) -> float:
    """Tell how long a lesson takes."""
    return rates.seconds(LEARNING.calls(STEPS))


def learnings_folder() -> Path:
    """Name the folder in which it is kept where interrupted learnings stand."""
    return platformdirs.user_state_path("nti-desktop", appauthor=False) / "learnings"


def _check_room(file: Path) -> None:
    try:
        free = free_space(file.parent)
    except OSError as error:
        raise ModelError(f"“{file.parent}” cannot be read ({error.strerror}); check its drive.") from error
    if free < ROOM:
        raise ModelError(f"There is no room in “{file.parent}” for a word; make some, or choose another models folder.")


def _standing(file: Path) -> Mapping[str, NDArray[np.float32]]:
    """Read where a learning stands; nothing where there is none, or it is damaged."""
    try:
        return load(disk.read_bytes(file)) if file.stat().st_size <= _LARGEST else {}
    except (OSError, SafetensorError):
        return {}


def _forget_old() -> None:
    with suppress(OSError):
        files: Sequence[Path] = sorted(learnings_folder().iterdir(), key=lambda file: file.stat().st_mtime)
        for file in files[:-_INTERRUPTED]:
            file.unlink()
