"""The edit's sentence with some of its words taken back: what a weight of 0 asks for."""

from collections.abc import Collection
from dataclasses import dataclass

from nti_desktop.recipe.words import Change, align_words, split_words


@dataclass(frozen=True)
class Reworded:
    """A sentence made from another. places: for each word of the one it was made from, where that word or what stands
    for it is among the words of `prompt`; None where nothing does.
    """

    prompt: str
    places: tuple[int | None, ...]


def without(source: str, edit: str, positions: Collection[int]) -> Reworded:
    """The edit without the words at `positions`: the source's word in the place of one that was swapped for it, nothing
    in the place of one that is kept or new.
    """
    before, after = split_words(source), split_words(edit)
    swapped = {
        pair.edit: before[pair.source].text
        for pair in align_words(source, edit)
        if pair.change is Change.SWAPPED and pair.edit is not None and pair.source is not None
    }
    text, end = "", 0
    places: list[int | None] = []
    count = 0
    for word in after:
        gap, end = edit[end : word.start], word.end
        stays = swapped.get(word.position) if word.position in positions else word.text
        if stays is None:
            places.append(None)
            continue
        text += (gap if text else "") + stays
        places.append(count)
        count += 1
    return Reworded(text, tuple(places))


def source_places(source: str, edit: str) -> tuple[int | None, ...]:
    """For each word of the edit, where the word that it is or was swapped for stands in the source."""
    places: list[int | None] = [None] * len(split_words(edit))
    for pair in align_words(source, edit):
        if pair.edit is not None and pair.source is not None:
            places[pair.edit] = pair.source
    return tuple(places)
