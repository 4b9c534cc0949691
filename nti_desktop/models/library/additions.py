"""What models are given besides: LoRAs, learned words and IP-Adapters in files of the user's, and where such files
usually lie.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nti_desktop.core.errors import ModelError
from nti_desktop.models.families import FewSteps
from nti_desktop.models.formats.additions import AdditionFile, read_addition
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.library.places import Given, Places
from nti_desktop.models.library.programs import addition_places
from nti_desktop.models.library.scan import models_below
from nti_desktop.recipe.jobs import Addition

MOST_FOUND = 300
FOLDERS = ("loras", "embeddings")  # in the store


@dataclass(frozen=True)
class ModelAddition:
    """A file that a model is given. about: what it is, in a few words; addition: what the engine is told, None where it
    cannot be used, `fault` then says why in one sentence; few_steps: see AdditionFile.
    """

    given: Given
    about: str
    addition: Addition | None
    fault: str | None = None
    few_steps: FewSteps | None = None

    @property
    def reads_pictures(self) -> bool:
        """Whether a model reads pictures by it."""
        return self.addition is not None and self.addition.image_encoder is not None

    @property
    def has_weight(self) -> bool:
        """Whether it counts by its weight, as a LoRA does; a word is there or not, and of a picture each edit says how
        much it counts.
        """
        return self.addition is not None and not self.addition.word and not self.reads_pictures


def model_additions(given: Sequence[Given], family: str) -> tuple[ModelAddition, ...]:
    """Look at all that a model is given. family: its title. What is wrong with one costs that one alone."""
    found: list[ModelAddition] = []
    for each in given:
        try:
            file = read_addition(each.file)
            check_fit(file, each.file.name, family, found)
        except ModelError as error:
            there = os.path.lexists(each.file)
            gone = f"“{each.file}” is not there; plug in its drive, or take it out of the model's additions."
            found.append(ModelAddition(each, "", None, str(error) if there else gone))
        else:
            weight = 1.0 if file.word or file.image_encoder else each.weight
            addition = Addition(each.file, file.word, weight, file.alphas, file.image_encoder)
            found.append(ModelAddition(each, file.about, addition, few_steps=file.few_steps if weight else None))
    return tuple(found)


def check_fit(file: AdditionFile, name: str, family: str, others: Sequence[ModelAddition]) -> None:
    """Raise ModelError where a file is made for models of another family, teaches a word that another teaches, or reads
    pictures where another does.
    """
    if file.family not in (None, family):
        raise ModelError(
            f"“{name}” is made for {file.family} and this model is {family}; choose one that is made for it."
        )
    word = next((o for o in others if file.word and o.addition is not None and o.addition.word == file.word), None)
    if word is not None:
        raise ModelError(
            f"“{name}” teaches the word “{file.word}”, which “{word.given.file.name}” teaches already; rename one."
        )
    reader = next((o for o in others if o.reads_pictures), None)
    if file.image_encoder and reader is not None:
        raise ModelError(
            f"“{name}” reads pictures, which “{reader.given.file.name}” does already; take that away first."
        )


def found_additions(places: Places) -> tuple[Path, ...]:
    """Files in the folders where other programs keep LoRAs and embeddings, and in the store's own, each real one once;
    none is opened. Never fails.
    """
    folders = (*(places.store / name for name in FOLDERS), *addition_places())
    files = (file for folder in folders for file in models_below(folder) if file.suffix.casefold() in ENDINGS)
    return tuple({os.path.realpath(file): file for file in islice(files, MOST_FOUND)}.values())
