"""EditRecipe: the one object that says what an edit asks for."""

from dataclasses import dataclass, replace
from enum import StrEnum

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.image_prompt import ImagePrompt
from nti_desktop.recipe.outlines import Outline, check_outlines
from nti_desktop.recipe.parameters import (
    CROSS,
    PARAMETERS,
    REDRAWN,
    SELF,
    SELF_LIMIT,
    START,
    STRENGTH,
    THRESHOLD,
    WEIGHT,
)
from nti_desktop.recipe.words import (
    Change,
    align_words,
    ask_the_same,
    check_sentence,
    find_words,
    same_word,
    split_words,
)

MOST_SEEDS = 2**32


class Reweighting(StrEnum):
    """What a word's weight acts on; always on the embedding where a method does not know where words look."""

    EMBEDDING = "embedding"  # on what the sentence says with the word and without, in all of its tokens
    ATTENTION = "attention"  # on the word's own attention, in its window (Hertz et al. 2022, re-weighting)


@dataclass(frozen=True)
class WordControl:
    """What one word of the edit prompt does differently from the rest.

    position: index among the prompt's words; text: that word, kept as a check; weight: how much it counts, -10 to 10,
    see Reweighting; cross_until: its own cross-attention window as a fraction of the steps (None: the recipe's).
    """

    position: int
    text: str
    weight: float = WEIGHT.usual
    cross_until: float | None = None

    def __post_init__(self) -> None:
        WEIGHT.check(self.weight, f"The weight of “{self.text}”")
        if self.cross_until is not None:
            CROSS.check(self.cross_until, f"The window of “{self.text}”")


class Lot(StrEnum):
    """Where the noise comes from that a photo is drawn anew from, and whether the photo is held on the way."""

    HELD = "held"  # drawn by the recipe's seed, and what the model misses of the photo added (Kulikov et al. 2024)
    OWN = "own"  # the photo's, on its own path up (DDIB, Su et al. 2022; Direct Inversion, Elarabawy et al. 2022)
    SEED = "seed"  # drawn by the recipe's seed (SDEdit, Meng et al. 2021; InstructPix2Pix, Brooks et al. 2022)

    @property
    def drawn(self) -> bool:
        """Whether another seed makes another edit."""
        return self is not Lot.OWN


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
    this many positions, else on the finest (160 is 16x16 for Stable Diffusion at 512, as published); pooled: whether
    each spot of that grid first takes the most of itself and its neighbours, which widens the mask (as published);
    where it does not, only the masks of words that are replaced or go are widened, by as much.
    """

    words: tuple[WordRef, ...] = ()
    keep: tuple[WordRef, ...] = ()
    threshold: float = THRESHOLD.usual
    start: float = START.usual
    positions: int = 160
    pooled: bool = True

    def __post_init__(self) -> None:
        if not self.words:
            raise RecipeError("No word says where the change belongs; choose at least one word for the mask.")
        THRESHOLD.check(self.threshold, "The mask’s threshold")
        START.check(self.start)
        if self.positions < 1:
            raise RecipeError(f"A mask grid of {self.positions} positions is not possible; use at least 1.")


@dataclass(frozen=True)
class EditRecipe:
    """What one edit asks for. Equal recipes on one inversion give equal pictures, so it is also the cache key.

    strength: how much of the edit is shown, 0 (the photo) to 1.5; automatic: whether the windows, those of the words
    included, follow the kind of change, see `recipe.structure`; cross_until, self_until: the windows that hold, see
    Windows; self_limit: see EditDefaults; guidance_scale: None keeps the inversion's; image_guidance: of a method
    that takes orders, None for the usual one; noise: of a method that draws the photo anew; redrawn: what an edit has
    changed is drawn anew from so much noise, see `engine.methods.redrawing`; lot: of a method that has several, None
    for its usual one; seed: of a lot that is drawn; within: where the photo may change, everywhere where nothing is
    drawn; image_prompt: what is drawn there is drawn after this picture, `image_prompt_weight` times as
    closely, None for the usual. An empty prompt without one asks for the surroundings there, see
    `recipe.structure.settled`.
    """

    prompt: str
    words: tuple[WordControl, ...] = ()  # only words that differ from the default
    strength: float = STRENGTH.usual
    reweighting: Reweighting = Reweighting.EMBEDDING
    automatic: bool = False
    cross_until: float = CROSS.usual
    self_until: float = SELF.usual
    self_limit: float = SELF_LIMIT.usual
    blend: Blend | None = None
    guidance_scale: float | None = None
    image_guidance: float | None = None
    noise: float | None = None
    redrawn: float = REDRAWN.usual
    lot: Lot | None = None
    seed: int = 0
    within: tuple[Outline, ...] = ()
    image_prompt: ImagePrompt | None = None
    image_prompt_weight: float | None = None

    def __post_init__(self) -> None:
        check_outlines(self.within)
        check_sentence(self.prompt)
        for parameter in PARAMETERS:
            value = getattr(self, parameter.field) if parameter.field else None
            if value is not None:
                parameter.check(value)
        if not 0 <= self.seed < MOST_SEEDS:
            raise RecipeError(
                f"The seed {self.seed} is not possible; choose a whole number from 0 to {MOST_SEEDS - 1}."
            )
        words = split_words(self.prompt) if self.words else ()
        for control in self.words:
            if control.position >= len(words) or not same_word(words[control.position].text, control.text):
                raise RecipeError(f"“{control.text}” is not in the edit “{self.prompt}”; choose one of its words.")

    @property
    def weighted(self) -> tuple[WordControl, ...]:
        """The words that count more or less than usual."""
        return tuple(control for control in self.words if control.weight != WEIGHT.usual)


def with_weight(recipe: EditRecipe, position: int, weight: float) -> EditRecipe:
    """The word at `position` counts `weight` times; a word at 1 with no window of its own leaves the recipe."""
    text = split_words(recipe.prompt)[position].text
    control = next((c for c in recipe.words if c.position == position), WordControl(position, text))
    control = replace(control, weight=round(weight, 2))
    others = tuple(c for c in recipe.words if c.position != position)
    if control == WordControl(position, text):
        return replace(recipe, words=others)
    return replace(recipe, words=tuple(sorted((*others, control), key=lambda c: c.position)))


def find_refs(name: str, source: str, edit: str) -> tuple[WordRef, ...]:
    """The words called `name` ("ball", "ball#2" for the second one, "dark-blue") in the edit, else in the source.

    Raises RecipeError with its name when neither prompt has it.
    """
    try:
        return tuple(WordRef(Side.EDIT, word.position, word.text) for word in find_words(edit, name))
    except RecipeError:
        return tuple(WordRef(Side.SOURCE, word.position, word.text) for word in find_words(source, name))


def asks_for_nothing(recipe: EditRecipe, source: str) -> bool:
    """Tell whether a recipe changes nothing in a photo that shows `source`, so that the photo itself is the picture."""
    draws = bool(recipe.within) and (recipe.image_prompt is not None or not recipe.prompt.strip())
    same = ask_the_same(source, recipe.prompt) and not recipe.weighted and not draws
    return recipe.strength == 0 or same


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
