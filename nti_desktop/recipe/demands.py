"""What an order demands, told by its verb, where that asks for another guidance."""

from enum import StrEnum

from nti_desktop.recipe.words import split_words, word_key


class Demand(StrEnum):
    """What is to become of a thing."""

    REMOVE = "remove"
    MOVE = "move"


_VERBS = {
    **dict.fromkeys(("clear", "delete", "erase", "omit", "remove", "without"), Demand.REMOVE),
    **dict.fromkeys(("move", "push", "shift", "slide"), Demand.MOVE),
}


def demand_of(order: str) -> Demand | None:
    """Tell what an order demands by its first word that says so; None where that is not clear."""
    keys = [word_key(word.text) for word in split_words(order)]
    if keys[:1] == ["take"] and "away" in keys:
        return Demand.REMOVE
    return next((_VERBS[key] for key in keys if key in _VERBS), None)
