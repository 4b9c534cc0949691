"""Sentences about how an edit came out and whether a model knows a photo, and the figures behind them."""

from collections.abc import Sequence

from nti_desktop.jobs import Judged, Rendered
from nti_desktop.models.catalog import ModelEntry
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.words import Change, align_words, split_words

NEXT_TO_NOTHING = 0.005  # of the pixels, those that differ visibly
NEARLY_EVERYTHING = 0.9
WIDE_MASK = 0.5  # of the frame; more than an object word should need
# dB, see Judged. Of 300 held-out scenes of its world the built-in autoencoder draws 3 worse; of 66 photos and crops of
# photos none better.
STRANGE_PSNR = 29.5


def changed_words(source: str, recipe: EditRecipe) -> tuple[str, ...]:
    """The words an edit hopes to change something with: swapped, added, removed, or of another weight."""
    before, after = split_words(source), split_words(recipe.prompt)
    weighted = {control.position for control in recipe.words if control.weight != 1}
    found = []
    for pair in align_words(source, recipe.prompt):
        if pair.edit is not None and (pair.change is not Change.KEPT or pair.edit in weighted):
            found.append(after[pair.edit])
        elif pair.edit is None and pair.source is not None:
            found.append(before[pair.source])
    return tuple(word.text for word in found if not word.is_punctuation)


def quoted(words: Sequence[str]) -> str:
    """“a”, “b” and “c”; at least one word."""
    *firsts, last = [f"“{word}”" for word in words]
    return f"{', '.join(firsts)} and {last}" if firsts else last


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


def is_strange(entry: ModelEntry, judged: Judged) -> bool:
    """Whether the built-in model does not know how to draw a picture at all; other models are taken as they are."""
    return entry.built_in and judged.autoencoder_psnr < STRANGE_PSNR


STRANGE = "The built-in model only knows the samples; for your own photos add a Stable Diffusion model."
