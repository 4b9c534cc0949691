"""The words a model was trained on, where its folder lists them; most folders do not, and then any word may do."""

from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.core.errors import ModelError
from nti_desktop.recipe.words import split_words, word_key

WORDS_FILE = "words.txt"
LARGEST_LIST = 1 << 20  # bytes; a whole dictionary fits
LONGEST_WORD = 64


def read_words(folder: Path) -> frozenset[str] | None:
    """The words of `words.txt`, one a line, as `word_key` gives them; None when the folder has no such file.

    Raises ModelError in one sentence when the file is anything but a list of words.
    """
    path = folder / WORDS_FILE
    where = f"{WORDS_FILE} in “{folder.name}”"
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > LARGEST_LIST:
            raise ModelError(f"{where} is far too large for a list of words; mend or remove it.")
        lines = disk.read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ModelError(f"{where} is not a list of words in UTF-8; mend or remove it.") from error
    except OSError as error:
        raise ModelError(f"{where} cannot be read: {error.strerror}.") from error
    entries = [line.strip() for line in lines if line.strip()]
    if not all(_may_be_a_word(entry) for entry in entries):
        raise ModelError(f"{where} is not a list with one word a line; mend or remove it.")
    # Split as prompts are, so that "sun-lit" in the list is found when it is typed.
    words = frozenset(word_key(w.text) for entry in entries for w in split_words(entry) if not w.is_punctuation)
    if not words:
        raise ModelError(f"{where} lists no words; mend or remove it.")
    return words


def _may_be_a_word(entry: str) -> bool:
    return len(entry) <= LONGEST_WORD and entry.isprintable() and " " not in entry
