"""Sentences from sentences: what one frame of a story says goes on in the next, and a change of one description is made
in another.
"""

from collections.abc import Sequence
from dataclasses import replace

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.kinds import Kind, kinds_in
from nti_desktop.recipe.recipe import EditRecipe, Side, WordRef, with_prompt
from nti_desktop.recipe.words import Change, Word, align_words, same_word, split_words

_DESCRIBING = frozenset({Kind.COLOUR, Kind.MATERIAL, Kind.OTHER})


def told_after(before: str, sentence: str) -> str:
    """Say also what the frame before says of the same things: after “a red glass mug on sand”, “a mug at night” is “a
    red glass mug at night”, and “a blue mug at night” a blue glass one.

    What surrounds the things is as the sentence has it.
    """
    said = split_words(before)
    told = sentence
    for word in reversed(split_words(sentence)):  # from the end, so that what is still to come stays where it is
        here = next((w for w in reversed(said) if same_word(w.text, word.text)), None)
        if here is None or not _is_thing(sentence, word.position) or not _is_thing(before, here.position):
            continue
        own, others = _describing(sentence, word.position), _describing(before, here.position)
        if {kind for _, kind in others} <= {kind for _, kind in own}:
            continue
        start = split_words(sentence)[word.position - len(own)].start
        described = " ".join([*_joined(others, own), ""])
        told = _with_article(told[:start], described) + described + told[word.start :]
    return told


def _is_thing(sentence: str, position: int) -> bool:
    """Tell whether a word names a thing: one that is known as such, or the last of a run of words of no known kind."""
    kinds = kinds_in(sentence)
    following = kinds[position + 1] if position + 1 < len(kinds) else None
    return kinds[position] is Kind.THING or (kinds[position] is Kind.OTHER and following is None)


def _describing(sentence: str, position: int) -> list[tuple[str, Kind]]:
    """List the words right before a thing that describe it, with their kinds."""
    words, kinds = split_words(sentence), kinds_in(sentence)
    found: list[tuple[str, Kind]] = []
    for word in reversed(words[:position]):
        kind = kinds[word.position]
        if kind is None or kind not in _DESCRIBING:
            break
        found.insert(0, (word.text, kind))
    return found


def _joined(before: Sequence[tuple[str, Kind]], own: Sequence[tuple[str, Kind]]) -> list[str]:
    """Describe a thing as before, where nothing else of the kind is said of it now."""
    now = {kind for _, kind in own}
    said = [(text, kind) for text, kind in before if kind not in now] + list(own)
    order = list(dict.fromkeys(kind for _, kind in (*before, *own)))
    return [text for text, _ in sorted(said, key=lambda each: order.index(each[1]))]


def _with_article(begin: str, described: str) -> str:
    """Let “a” or “an” be the one that suits what comes after it."""
    for article in ("a ", "an ", "A ", "An "):
        if begin == article or begin.endswith(f" {article}"):
            right = "an " if described[0] in "aeiouAEIOU" else "a "
            return begin[: -len(article)] + (right.capitalize() if article[0] == "A" else right)
    return begin


def carried(source: str, edit: str, description: str) -> str:
    """Change another description the way that the edit changes the source: with “a red cube on stone” to “a red cube on
    stone at sunset”, “a ball on sand” becomes “a ball on sand at sunset”.

    Raises RecipeError where the description has nothing in place of what the edit changes.
    """
    before, after, there = split_words(source), split_words(edit), split_words(description)
    stands_for = _counterparts(source, description)
    changes: list[tuple[int, int, str]] = []  # where in the description, and what instead
    for gone, new, following in _runs(source, edit):
        text = edit[after[new[0]].start : after[new[-1]].end] if new else ""
        places = [there[stands_for[place]] for place in gone if place in stands_for]
        if places:
            changes.append((places[0].start, places[-1].end, text))
        elif gone and new:
            what = source[before[gone[0]].start : before[gone[-1]].end]
            raise RecipeError(
                f"“{description}” has nothing in place of “{what}”, which the edit changes; say for this photo in its "
                "own sentence what it should show."
            )
        elif new:
            changes.append(_inserted(text, following, stands_for, description, there))
    for start, end, text in sorted(changes, reverse=True):
        description = description[:start] + text + description[end:]
    return " ".join(description.split())


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


def _inserted(
    text: str, following: int | None, stands_for: dict[int, int], description: str, there: Sequence[Word]
) -> tuple[int, int, str]:
    """Put new words before what follows them in the edit; else at the end, before a full stop."""
    place = min((place for place in stands_for if following is not None and place >= following), default=None)
    if place is not None:
        start = there[stands_for[place]].start
        return start, start, f"{text} "
    last = next((word for word in reversed(there) if not word.is_punctuation), None)
    end = last.end if last is not None else len(description)
    return end, end, f" {text}"


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
