"""The edit's sentence with some of its words taken back: what a weight of 0 asks for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from nti_desktop.recipe.kinds import kinds_in
from nti_desktop.recipe.words import Change, align_words, as_read, gap_before, put_together, split_words


@dataclass(frozen=True)
class Reworded:
    """A sentence made from another. places: for each word of the one it was made from, where that word or what stands
    for it is among the words of `prompt`; None where nothing does.
    """

    prompt: str
    places: tuple[int | None, ...]


def as_written(source: str, edit: str) -> str:
    """The edit with the words that it keeps written as the source has them, and the others as they are read.

    Words that people read as the same, but that are stored or quoted otherwise, are other tokens to a model; a
    photo stays prepared with the description exactly as it was written.
    """
    before, after = split_words(source), split_words(edit)
    kept = {pair.edit: pair.source for pair in align_words(source, edit) if pair.change is Change.KEPT}
    text, end = "", 0
    for word in after:
        place = kept.get(word.position)
        text += as_read(edit[end : word.start]) + (as_read(word.text) if place is None else before[place].text)
        end = word.end
    return text + as_read(edit[end:])


def without(source: str, edit: str, positions: Collection[int]) -> Reworded:
    """The edit without the words at `positions`: what the source has instead (see `counterparts`), at its place there;
    nothing for a word that is kept or new.
    """
    before, after = split_words(source), split_words(edit)
    instead = counterparts(source, edit)
    back = {instead[position]: position for position in positions if position in instead}
    places: list[int | None] = [None] * len(after)
    pieces: list[tuple[str, str]] = []
    for pair in align_words(source, edit):
        if pair.source in back:
            word, sentence, stands_for = before[pair.source], source, back[pair.source]
        elif pair.edit is not None and pair.edit not in positions:
            word, sentence, stands_for = after[pair.edit], edit, pair.edit
        else:
            continue
        places[stands_for] = len(pieces)
        pieces.append((gap_before(sentence, word), word.text))
    return Reworded(put_together(pieces), tuple(places))


def counterparts(source: str, edit: str) -> Mapping[int, int]:
    """By position in the edit, the word of the source that it was swapped for; of a new word, one of its own kind that
    was removed: "a shiny black bowl" becomes "a black glass bowl" by swapping shiny for glass.
    """
    was, now = kinds_in(source), kinds_in(edit)
    pairs = align_words(source, edit)
    found = {
        pair.edit: pair.source
        for pair in pairs
        if pair.change is Change.SWAPPED and pair.edit is not None and pair.source is not None
    }
    removed = [pair.source for pair in pairs if pair.source is not None and pair.change is Change.REMOVED]
    for pair in pairs:
        if pair.edit is None or pair.change is not Change.ADDED or now[pair.edit] is None:
            continue
        same = next((position for position in removed if was[position] is now[pair.edit]), None)
        if same is not None:
            found[pair.edit] = same
            removed.remove(same)
    return found


def source_places(source: str, edit: str) -> tuple[int | None, ...]:
    """For each word of the edit, where the word that it is, or that the source has instead, stands in the source."""
    instead = counterparts(source, edit)
    kept = {pair.edit: pair.source for pair in align_words(source, edit) if pair.change is Change.KEPT}
    return tuple(kept.get(at, instead.get(at)) for at in range(len(split_words(edit))))
