"""Sentences about how an edit came out."""

from collections.abc import Sequence

from nti_desktop.jobs import Rendered

NEXT_TO_NOTHING = 0.01  # of the picture's pixels that differ visibly
NEARLY_EVERYTHING = 0.9


def quoted(words: Sequence[str]) -> str:
    """“a”, “b” and “c”."""
    names = [f"“{word}”" for word in words]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def no_effect(words: Sequence[str], rendered: Rendered) -> str | None:
    """The sentence for an edit that left the photo as it was; None when it did change it."""
    if not words or rendered.changed > NEXT_TO_NOTHING:
        return None
    return f"{quoted(words)} changed next to nothing in the photo."


def too_much(words: Sequence[str], rendered: Rendered) -> str | None:
    """The sentence for an edit that changed the photo nearly everywhere though nothing confined it."""
    if not words or rendered.mask is not None or rendered.changed < NEARLY_EVERYTHING:
        return None
    return f"The edit changed nearly the whole photo; a mask can confine it to {quoted(words[-1:])}."
