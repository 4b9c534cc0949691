"""Sentences from sentences: what one frame of a story says goes on in the next, and a change of one description is made
in another.
"""

from collections.abc import Sequence
from dataclasses import replace

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.kinds import Kind, kinds_in
from nti_desktop.recipe.phrases import AROUND, opening_of, phrases_of, with_around, with_opening, with_phrase
from nti_desktop.recipe.recipe import EditRecipe, Side, WordRef, with_prompt
from nti_desktop.recipe.things import describing, things_in, with_article
from nti_desktop.recipe.words import (
    Change,
    Word,
    align_words,
    as_read,
    gap_before,
    put_together,
    same_word,
    split_words,
)

_STOPS = frozenset(",.;:!?")
_EMPTY = frozenset(["()", "[]", '""', "“”"])


def told_after(earlier: Sequence[str], sentence: str) -> str:
    """Say also what earlier frames, which are told already, said last of a thing and of what is around it: after “a red
    glass mug on sand in fog”, “a mug at night” is “a red glass mug on sand at night”, and “a blue mug” a blue glass one
    on sand in fog.

    Another light brings fair weather. Things of one name are as the sentence has them where there are more or fewer
    now. “In fog” alone is the frame before in fog.
    """
    if not things_in(sentence):
        return _seen_otherwise(earlier[-1], sentence)
    told = _surrounded(earlier[-1], _described(earlier, sentence))
    opening = opening_of(earlier[-1])
    return with_opening(told, opening) if opening and not opening_of(told) else told


def _seen_otherwise(before: str, sentence: str) -> str:
    """The frame before with the sentence's ground, light and weather; the sentence itself where it says none."""
    said = {kind: " ".join(sentence[start:end] for start, end in phrases_of(sentence, kind)) for kind in AROUND}
    if not any(said.values()):
        return sentence
    for kind, phrase in said.items():
        if phrase or (kind is Kind.WEATHER and said[Kind.LIGHT]):
            before = with_phrase(before, kind, phrase[:1].lower() + phrase[1:])
    return before


def _surrounded(before: str, sentence: str) -> str:
    """Put the frame before's ground, light and weather where the sentence says none."""
    said = set(kinds_in(sentence))
    kept = [kind for kind in AROUND if kind not in said and not (kind is Kind.WEATHER and Kind.LIGHT in said)]
    return with_around(
        sentence, {kind: " ".join(before[start:end] for start, end in phrases_of(before, kind)) for kind in kept}
    )


def _described(earlier: Sequence[str], sentence: str) -> str:
    """Say of each thing what was said of it last, where the sentence says nothing else of that kind."""
    words, told = split_words(sentence), sentence
    for position in reversed(things_in(sentence)):  # from the end, so that what is still to come stays where it is
        word = words[position]
        own, before = describing(sentence, position), _said_last(earlier, sentence, word)
        if {kind for _, kind in before} <= {kind for _, kind in own}:
            continue
        start = words[position - len(own)].start
        described = " ".join([*_joined(before, own), ""])
        told = with_article(told[:start], described) + described + told[word.start :]
    return told


def _said_last(earlier: Sequence[str], sentence: str, thing: Word) -> list[tuple[str, Kind]]:
    """List what the newest frame with a thing says of it; nothing where it is not clear which one of several it is."""
    now = _called(sentence, thing.text)
    for frame in reversed(earlier):
        if then := _called(frame, thing.text):
            return describing(frame, then[now.index(thing.position)]) if len(then) == len(now) else []
    return []


def _called(sentence: str, name: str) -> list[int]:
    words = split_words(sentence)
    return [position for position in things_in(sentence) if same_word(words[position].text, name)]


def _joined(before: Sequence[tuple[str, Kind]], own: Sequence[tuple[str, Kind]]) -> list[str]:
    """Describe a thing as before, where nothing else of the kind is said of it now."""
    now = {kind for _, kind in own}
    said = [(text, kind) for text, kind in before if kind not in now] + list(own)
    order = list(dict.fromkeys(kind for _, kind in (*before, *own)))
    return [text for text, _ in sorted(said, key=lambda each: order.index(each[1]))]


def carried(source: str, edit: str, description: str) -> str:
    """Change another description the way that the edit changes the source: with “a red cube on stone” to “a red cube on
    stone at sunset”, “a ball on sand” becomes “a ball on sand at sunset”.

    Raises RecipeError where the description has nothing in place of what the edit changes.
    """
    before, after, there = split_words(source), split_words(edit), split_words(description)
    stands_for = _counterparts(source, description)
    gaps = [gap_before(description, word) for word in there]
    left_out: set[int] = set()
    new_at: list[list[tuple[str, str]]] = [[] for _ in (*there, None)]  # what comes before each word, and at the end

    def follow(at: int, gap: str) -> None:
        if at < len(there) and not there[at].is_punctuation:
            gaps[at] = gap

    for gone, new, following in _runs(source, edit):
        places = [stands_for[place] for place in gone if place in stands_for]
        if gone and new and not places:
            what = source[before[gone[0]].start : before[gone[-1]].end]
            raise RecipeError(
                f"“{description}” has nothing in place of “{what}”, which the edit changes; describe the "
                "photo with that too, or edit it by itself."
            )
        if new:
            at = places[0] if places else _place_before(following, stands_for, there)
            end = places[-1] + 1 if places else at
            left_out.update(range(at, end))
            pieces = [(gap_before(edit, after[place]), after[place].text) for place in new]
            if at < len(there) and not (there[at].is_punctuation or after[new[0]].is_punctuation):
                pieces[0] = gaps[at], pieces[0][1]
            new_at[at] += pieces
            if new[-1] + 1 < len(after):
                follow(end, gap_before(edit, after[new[-1] + 1]))
        else:
            for place in places:
                hyphen = next((beside for beside in (place + 1, place - 1) if _is_hyphen(there, beside)), place)
                left_out |= {place, hyphen}
                follow(max(place, hyphen) + 1, gaps[place])
    pieces = []
    for word, gap, before_it in zip(there, gaps, new_at[:-1], strict=True):
        pieces += before_it if word.position in left_out else [*before_it, (gap, word.text)]
    return " ".join(put_together(_punctuated([*pieces, *new_at[-1]])).split())


def _counterparts(source: str, description: str) -> dict[int, int]:
    """By position in the source, the word of the description that is the same, or says something else of that kind."""
    was, now = kinds_in(source), kinds_in(description)
    return {
        pair.source: pair.edit
        for pair in align_words(source, description)
        if pair.source is not None
        and pair.edit is not None
        and (pair.change is Change.KEPT or was[pair.source] is now[pair.edit] is not None)
    }


def _runs(source: str, edit: str) -> list[tuple[list[int], list[int], int | None]]:
    """List what the edit changes, run by run: positions in the source that it replaces, positions in the edit of what
    is there instead, and the position in the source of the kept word that follows, None at the end.
    """
    runs: list[tuple[list[int], list[int], int | None]] = []
    gone: list[int] = []
    new: list[int] = []
    for pair in align_words(source, edit):
        if pair.change is not Change.KEPT:
            gone += [] if pair.source is None else [pair.source]
            new += [] if pair.edit is None else [pair.edit]
        elif gone or new:
            runs.append((gone, new, pair.source))
            gone, new = [], []
    return [*runs, (gone, new, None)] if gone or new else runs


def _place_before(following: int | None, stands_for: dict[int, int], there: Sequence[Word]) -> int:
    """Find where in the description new words come: before what follows them in the edit and what is joined to it by a
    hyphen; else at the end, before a full stop.
    """
    place = min((place for place in stands_for if following is not None and place >= following), default=None)
    if place is None:
        return max((word.position + 1 for word in there if not word.is_punctuation), default=len(there))
    at = stands_for[place]
    while _is_hyphen(there, at - 1):
        at -= 2
    return at


def _is_hyphen(words: Sequence[Word], at: int) -> bool:
    """Tell whether there is a hyphen at a position that joins the words beside it."""
    if not 0 < at < len(words) - 1 or as_read(words[at].text) != "-":
        return False
    return words[at - 1].end == words[at].start and words[at].end == words[at + 1].start


def _punctuated(pieces: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Set right the punctuation that comes to stand right behind other: of two commas or stops the last one is enough,
    and brackets around nothing go.
    """
    found: list[tuple[str, str]] = []
    for gap, text in pieces:
        before = found[-1][1] if found and not gap else ""
        if before and before + text in _EMPTY:
            found.pop()
        elif not before or any(c.isalnum() for c in before + text):
            found.append((gap, text))
        elif _STOPS.issuperset(before) and text[0] in _STOPS:
            found[-1] = gap, text
        else:
            found[-1] = found[-1][0], before + text
    return found


def carried_recipe(recipe: EditRecipe, source: str, description: str) -> EditRecipe:
    """Make an edit of the source an edit of another description, see `carried`; weights and masks go along with their
    words.

    Raises RecipeError also where a word that the mask is made of is not there.
    """
    moved, blend = with_prompt(recipe, carried(source, recipe.prompt, description)), recipe.blend
    if blend is None:
        return moved
    there, stands_for = split_words(description), _counterparts(source, description)

    def found(ref: WordRef) -> bool:
        return ref.side is Side.EDIT or ref.position in stands_for

    def placed(refs: Sequence[WordRef]) -> tuple[WordRef, ...]:
        words = [there[stands_for[ref.position]] if ref.side is Side.SOURCE else None for ref in refs]
        return tuple(
            ref if word is None else replace(ref, position=word.position, text=word.text)
            for ref, word in zip(refs, words, strict=True)
        )

    kept = 0 if moved.blend is None else len(moved.blend.words) + len(moved.blend.keep)
    if (
        moved.blend is None
        or kept < len(blend.words) + len(blend.keep)
        or not all(map(found, blend.words + blend.keep))
    ):
        raise RecipeError(
            f"“{description}” does not say all the words that the mask of the edit is made of; describe this photo "
            "with them, or leave out the mask."
        )
    blend = replace(moved.blend, words=placed(moved.blend.words), keep=placed(moved.blend.keep))
    return replace(moved, blend=blend)
