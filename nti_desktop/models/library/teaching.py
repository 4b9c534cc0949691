"""A word that a model is taught: what it may be called, and the file it is kept in, which the model is given."""

import json
import re
import unicodedata
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import ModelError, RecipeError
from nti_desktop.core.resources import resource
from nti_desktop.models.families import few_steps_of
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.extending import extend
from nti_desktop.models.library.places import read_places
from nti_desktop.recipe.emphasis import read_emphasis
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.teaching import Taught
from nti_desktop.recipe.words import as_read, find_words, split_words, unlearned_words, word_key

LONGEST_NAME = 40  # letters
_LARGEST_VOCABULARY = 32 << 20  # bytes; CLIP's has a thirtieth
_BETWEEN = re.compile(r"[\s_-]+")  # the words of a name


def check_teachable(entry: ModelEntry) -> None:
    """Raise ModelError in one sentence for a model that cannot be taught a word."""
    if entry.sees is not Sees.NOTHING:
        raise ModelError(
            f"“{entry.name}” was made for {entry.sees.made_for} and cannot be taught a word; choose a model that was "
            f"made for {Sees.NOTHING.made_for}."
        )
    if entry.defaults.few_steps:
        raise ModelError(
            f"“{entry.name}” was made for pictures in few steps and cannot be taught a word; choose the model that it "
            "was made of."
        )


def taught_word(entry: ModelEntry, name: str) -> str:
    """Make the one word of a name by which sentences call it: “My mug” is my_mug.

    Raises ModelError in one sentence for a name that cannot be one, or that means something to the model already.
    """
    name = " ".join(unicodedata.normalize("NFC", as_read(name)).split())
    if not name:
        raise ModelError("The word has no name; give it one, for example “my mug”.")
    if len(name) > LONGEST_NAME:
        raise ModelError(f"The name “{name[:LONGEST_NAME]}…” is too long; shorten it to {LONGEST_NAME} letters.")
    pieces = _BETWEEN.split(name.strip("_- "))
    if strange := next((c for c in "".join(pieces) if not c.isalnum()), None):
        raise ModelError(
            f"“{strange}” in “{name}” would split the word; use letters, digits and blanks alone in a name."
        )
    word = "_".join(word_key(piece) for piece in pieces)
    if not any(c.isalpha() for c in word):
        raise ModelError(f"“{name}” has no letters to call it by; choose a name with some.")
    if few_steps_of((word,)):
        raise ModelError(f"“{name}” is what additions for few steps are called by; choose another name.")
    if any(each.addition is not None and each.addition.word == word for each in entry.additions):
        raise ModelError(
            f"“{entry.name}” was given the word “{word}” before; take that from its additions, or choose another name."
        )
    if (entry.words is not None and word in entry.words) or f"{word}</w>" in _vocabulary(entry):
        raise ModelError(f"“{name}” means something to “{entry.name}” already; choose another name, as “my {name}”.")
    if (file := word_file(entry, word)).exists():
        raise ModelError(
            f"A word of this name was taught before and lies in “{file}”; give the model that, move it away, or choose "
            "another name."
        )
    return word


def check_kind(entry: ModelEntry, kind: str) -> str:
    """Return what a word is a kind of, as the model reads it. Raises ModelError where that tells the model nothing."""
    kind = as_read(kind).strip()
    if not any(not word.is_punctuation for word in split_words(kind)):
        raise ModelError("It is not said what the word is; say it in a word that the model knows, for example “mug”.")
    if unknown := unlearned_words(kind, entry.words):
        raise ModelError(
            f"“{entry.name}” does not know “{unknown[0].text}”; say what the word is in one that it knows."
        )
    return kind


def with_word(sentence: str, name: str, word: str) -> str:
    """Put the word where its name stands in a sentence, with blanks, as it was typed or as the word itself.

    Raises ModelError in one sentence where it does not stand there, or where the sentence has marks of emphasis.
    """
    if read_emphasis(sentence).weights:
        raise ModelError(f"“{sentence}” weighs its words; describe the photo without that.")
    typed = as_read(name).strip("_- \t\n")
    spoken = " ".join(_BETWEEN.split(typed))
    for called in (word, spoken, typed):
        try:
            found = find_words(sentence, called)
        except RecipeError:
            continue
        return sentence[: found[0].start] + word + sentence[found[-1].end :]
    raise ModelError(f"“{spoken}” is not in “{sentence}”; describe each photo with the name in the sentence.")


def word_file(entry: ModelEntry, word: str) -> Path:
    """Name the file in the models folder in which a word for this model is kept."""
    return read_places().store / "embeddings" / re.sub(r"[^\w.-]+", "-", entry.name).strip("-.") / f"{word}.safetensors"


def keep_taught(entry: ModelEntry, model: Path, taught: Taught) -> str:
    """Write what was learned as an embedding as published, and give it to the model; the sentence says how to use it.

    model: as it is listed. Raises ModelError in one sentence.
    """
    file = word_file(entry, taught.word)
    names = (taught.word,) if len(taught.vectors) == 1 else ("clip_l", "clip_g")
    data = save({name: np.ascontiguousarray(vectors) for name, vectors in zip(names, taught.vectors, strict=True)})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(file, data)
    except OSError as error:
        raise ModelError(
            f"“{file}” cannot be written ({error.strerror}); make room, or choose another folder."
        ) from error
    extend(model, file)
    return (
        f"“{entry.name}” knows “{taught.word}” now; write it in a sentence like any other word, as in “a photo of "
        f"{taught.word}”."
    )


def _vocabulary(entry: ModelEntry) -> frozenset[str]:
    """List the tokens of a model's tokenizer; none where they cannot be read, which loading the model will say."""
    own = entry.files.folder / "tokenizer" / "vocab.json"
    file = own if own.is_file() else resource("models", "configs", "clip_tokenizer") / "vocab.json"
    try:
        if file.stat().st_size > _LARGEST_VOCABULARY:
            return frozenset()
        content = json.loads(disk.read_bytes(file).decode())
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(content) if isinstance(content, dict) else frozenset()
