"""EditRecipe: the one object that says what an edit asks for."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from nti_desktop.errors import RecipeError
from nti_desktop.recipe.settings import MAX_GUIDANCE, EditDefaults
from nti_desktop.recipe.words import Change, align_words, find_word, split_words

MAX_WEIGHT = 10.0


def _fraction(name: str, value: float) -> None:
    if not 0 <= value <= 1:  # also true for NaN
        raise RecipeError(f"{name} is {value:g}; it must lie between 0 and 1.")


@dataclass(frozen=True)
class WordControl:
    """What one word of the edit prompt does differently from the rest.

    position: index among the prompt's words; text: that word, kept as a check; weight: factor on its attention,
    -10 to 10; cross_until: its own cross-attention window as a fraction of the steps (None: the recipe's).
    """

    position: int
    text: str
    weight: float = 1.0
    cross_until: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight) or abs(self.weight) > MAX_WEIGHT:
            raise RecipeError(
                f"The weight of “{self.text}” is {self.weight:g}; "
                f"it must lie between -{MAX_WEIGHT:g} and {MAX_WEIGHT:g}."
            )
        if self.cross_until is not None:
            _fraction(f"The window of “{self.text}”", self.cross_until)


class Side(StrEnum):
    """Which of the two prompts a word belongs to."""

    SOURCE = "source"
    EDIT = "edit"


@dataclass(frozen=True)
class WordRef:
    """One word of one of the two prompts; text is kept as a check."""

    side: Side
    position: int
    text: str


@dataclass(frozen=True)
class Blend:
    """Confine the change to where `words` are, minus where `keep` words are.

    threshold: attention below this fraction of its maximum is outside, 0 to 1 (published: 0.3); start: fraction of the
    steps before the mask takes hold (published: 0.2); positions: attention is read on the coarsest grid with at least
    this many positions, else on the finest (160 is 16x16 for Stable Diffusion at 512, as published).
    """

    words: tuple[WordRef, ...] = ()
    keep: tuple[WordRef, ...] = ()
    threshold: float = 0.3
    start: float = 0.2
    positions: int = 160

    def __post_init__(self) -> None:
        if not self.words:
            raise RecipeError("No word says where the change belongs; choose at least one word for the mask.")
        _fraction("The mask's threshold", self.threshold)
        _fraction("The mask's start", self.start)
        if self.positions < 1:
            raise RecipeError(f"A mask grid of {self.positions} positions is not possible; use at least 1.")


@dataclass(frozen=True)
class EditRecipe:
    """What one edit asks for. Equal recipes on one inversion give equal pictures, so it is also the cache key.

    cross_until, self_until: fraction of the steps with the source's cross- and self-attention; self_limit: see
    EditDefaults; guidance_scale: None keeps the inversion's.
    """

    prompt: str
    words: tuple[WordControl, ...] = ()  # only words that differ from the default
    cross_until: float = 0.8
    self_until: float = 0.4
    self_limit: float = 0.25
    blend: Blend | None = None
    guidance_scale: float | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise RecipeError("The edit is empty; say in words what the photo should show.")
        _fraction("The cross-attention window", self.cross_until)
        _fraction("The self-attention window", self.self_until)
        _fraction("The self-attention limit", self.self_limit)
        if self.guidance_scale is not None and not 1 <= self.guidance_scale <= MAX_GUIDANCE:
            raise RecipeError(
                f"A guidance of {self.guidance_scale:g} is not possible; choose between 1 and {MAX_GUIDANCE:g}."
            )
        words = split_words(self.prompt)
        for control in self.words:
            if control.position >= len(words) or words[control.position].text != control.text:
                raise RecipeError(f"“{control.text}” is not in the edit “{self.prompt}”; choose one of its words.")


def recipe_for(prompt: str, defaults: EditDefaults) -> EditRecipe:
    """The plain edit of a model: its windows, no weights, no mask."""
    return EditRecipe(
        prompt=prompt,
        cross_until=defaults.cross_until,
        self_until=defaults.self_until,
        self_limit=defaults.self_limit,
    )


def find_ref(name: str, source: str, edit: str) -> WordRef:
    """The word called `name` ("ball", or "ball#2" for the second one) in the edit, else in the source prompt.

    Raises RecipeError with its name when neither prompt has it.
    """
    try:
        word = find_word(edit, name)
        return WordRef(Side.EDIT, word.position, word.text)
    except RecipeError:
        word = find_word(source, name)
        return WordRef(Side.SOURCE, word.position, word.text)


def with_prompt(recipe: EditRecipe, prompt: str) -> EditRecipe:
    """The recipe for a changed prompt: weights, windows and mask words travel with their words, or go with them."""
    moved = {
        pair.source: pair.edit
        for pair in align_words(recipe.prompt, prompt)
        if pair.change in (Change.KEPT, Change.SWAPPED) and pair.source is not None and pair.edit is not None
    }
    words = split_words(prompt)

    def moved_refs(refs: tuple[WordRef, ...]) -> tuple[WordRef, ...]:
        return tuple(
            replace(ref, position=moved[ref.position], text=words[moved[ref.position]].text)
            if ref.side is Side.EDIT
            else ref
            for ref in refs
            if ref.side is Side.SOURCE or ref.position in moved
        )

    blend = recipe.blend
    if blend is not None:
        places = moved_refs(blend.words)
        blend = replace(blend, words=places, keep=moved_refs(blend.keep)) if places else None
    return replace(
        recipe,
        prompt=prompt,
        words=tuple(
            replace(control, position=moved[control.position], text=words[moved[control.position]].text)
            for control in recipe.words
            if control.position in moved
        ),
        blend=blend,
    )
