"""What an inversion asks for, and what a model is best at."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.demands import Demand, demand_of
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.parameters import CROSS, GUIDANCE, IMAGE_GUIDANCE, SELF, SELF_LIMIT, STEPS, THRESHOLD
from nti_desktop.recipe.recipe import Blend, WordRef
from nti_desktop.recipe.words import check_sentence


class Schedule(StrEnum):
    """How null-text optimises; its values are those that files keep. It means nothing to the other methods."""

    REFERENCE = "reference"  # published: from the empty prompt, up to 10 inner steps everywhere (Mokady et al. 2023)
    QUICK = "quick"  # of former programs, which began with the source's own embedding; opened, but not made any more


LEAST_GUIDED = 0.5  # of what guidance adds, where a description explains nothing; without any, materials stay behind


@dataclass(frozen=True)
class InversionSettings:
    """All that a photo's inversion depends on; null embeddings are valid for exactly these.

    prompt: what the photo shows, in words, empty where the method needs no description; steps: DDIM steps, 2 to 500;
    guidance_scale: 1 to 30. Raises RecipeError when a value is out of range or the prompt is empty.
    """

    prompt: str
    method: Method = Method.NULL_TEXT
    steps: int = PUBLISHED_STEPS
    guidance_scale: float = GUIDANCE.usual
    schedule: Schedule = Schedule.REFERENCE

    def __post_init__(self) -> None:
        if not self.prompt.strip() and self.method.row.described:
            raise RecipeError("The description is empty; say in a few words what the photo shows.")
        check_sentence(self.prompt)
        if not STEPS.low <= self.steps <= STEPS.high:
            raise RecipeError(f"{self.steps} steps are not possible; choose between {STEPS.low:g} and {STEPS.high:g}.")
        GUIDANCE.check(self.guidance_scale)


@dataclass(frozen=True)
class Windows:
    """For what part of the way down an edit takes over the source's attention. cross, its layout, and itself, its
    shapes: fractions of the steps, 0 to 1.
    """

    cross: float
    itself: float

    def __post_init__(self) -> None:
        CROSS.check(self.cross)
        SELF.check(self.itself)

    def towards(self, other: "Windows", share: float) -> "Windows":
        """So much of the way to the other, 0 to 1."""
        cross, itself = (a + share * (b - a) for a, b in ((self.cross, other.cross), (self.itself, other.itself)))
        return Windows(round(cross, 3), round(itself, 3))

    def freer(self, other: "Windows") -> "Windows":
        """The shorter of both."""
        return Windows(min(self.cross, other.cross), min(self.itself, other.itself))


# What the published examples of Prompt-to-Prompt and null-text inversion hold on Stable Diffusion: a thing swapped for
# another and a season .8/.4, a cat made of silver .8/.6, a painting's style .5/.2 (their notebooks). Colours have no
# example of their own.
PUBLISHED_WINDOWS = (
    (Kind.MATERIAL, Windows(0.8, 0.6)),
    (Kind.FILM, Windows(0.5, 0.2)),
)


@dataclass(frozen=True)
class EditDefaults:
    """What measures best on one model; kept in its catalogue entry.

    image_guidance: of an order; demands: guidance of orders that do better with another; cross_until, self_until: see
    Windows; windows, guidances: of the kinds of change that do better with others; kept: of a word that the photo is
    described with and that counts more than usual, None where those of its kind hold; story: of what a frame of a story
    keeps of the photo's things, likewise; self_limit: self-attention is substituted in layers of at most this fraction
    of the latent positions (1/4 is 32x32 of 64x64, as published); blend_positions, blend_threshold, blend_pooled: see
    Blend; redrawn: of an edit that makes another thing of one, where the method can (see EditRecipe); preview_steps:
    that a preview takes, strided over the inversion's; explaining: what a description that says enough explains of a
    photo (see Figures), None where nobody measured it; few_steps: whether the model was distilled to few steps and
    little guidance, so that a method's published ones do not hold.

    As they stand they rest on what was published for Stable Diffusion, see `nti_desktop.recipe.methods`.
    """

    method: Method = Method.PINNED
    steps: int = PUBLISHED_STEPS
    guidance_scale: float = GUIDANCE.usual
    image_guidance: float = IMAGE_GUIDANCE.usual
    demands: tuple[tuple[Demand, float], ...] = ()
    cross_until: float = CROSS.usual
    self_until: float = SELF.usual
    windows: tuple[tuple[Kind, Windows], ...] = PUBLISHED_WINDOWS
    guidances: tuple[tuple[Kind, float], ...] = ()
    kept: Windows | None = None
    story: Windows | None = None
    self_limit: float = SELF_LIMIT.usual
    blend_positions: int = 160
    blend_threshold: float = THRESHOLD.usual
    blend_pooled: bool = True
    redrawn: float = 0.0
    preview_steps: int = 5
    explaining: float | None = None
    few_steps: bool = False

    def windows_for(self, kind: Kind, kept: float | None = None) -> Windows:
        """Choose the windows that suit a change of this kind best. kept: the weight of a word that is as in the photo's
        description, None for a word that is not.

        Turned down to nothing, such a word is a change like others; turned up it asks for more of what is there, where
        it is.
        """
        found = dict(self.windows).get(kind, Windows(self.cross_until, self.self_until))
        if kept is None or self.kept is None:
            return found
        return found.towards(self.kept, min(max(kept, 0.0), 1.0))

    def guidance_for(self, kinds: Iterable[Kind], prepared: InversionSettings, explained: float | None) -> float | None:
        """Choose the guidance that suits an edit of these kinds best; None for the preparation's own.

        It is the largest of those of the kinds, so that none of them stops short. The less of the photo the description
        explains (explained: see Figures), the lower it is, because guidance would push about what is left out. The
        preparation's own stays where that holds for one guidance only, as null embeddings do, and where the user chose
        it.
        """
        if prepared.method.row.one_guidance or self._is_chosen(prepared):
            return None
        known = dict(self.guidances)
        wanted = max((known.get(kind, self.guidance_scale) for kind in kinds), default=self.guidance_scale)
        if self.explaining is not None and explained is not None:
            wanted = round(1 + (wanted - 1) * min(max(explained / self.explaining, LEAST_GUIDED), 1.0), 2)
        return None if wanted == self.guidance_scale else wanted

    def guidance_of_order(self, order: str, prepared: InversionSettings) -> float | None:
        """Choose the guidance that suits an order best; None for the usual one, or where the user chose it."""
        demand = demand_of(order)
        return None if demand is None or self._is_chosen(prepared) else dict(self.demands).get(demand)

    def _is_chosen(self, prepared: InversionSettings) -> bool:
        return prepared.guidance_scale != self.guidance_scale

    def guidance_of(self, method: Method) -> float:
        """The usual guidance of a preparation by a method: what was published for it, but no more than that of all."""
        return min(self.guidance_scale, method.row.guidance or self.guidance_scale)

    def blend(self, words: tuple[WordRef, ...]) -> Blend:
        """The usual mask of some words."""
        return Blend(words, threshold=self.blend_threshold, positions=self.blend_positions, pooled=self.blend_pooled)

    def steps_for(self, method: Method) -> int:
        """The usual steps of a method."""
        return self.steps if self.few_steps else method.row.steps or self.steps


def name_of(settings: InversionSettings, inner_steps: int | None = None) -> str:
    """Name what ran, for people: "null-text (published)", "residual", ….

    inner_steps: of the optimisation. The quick schedule of former programs began null-text with the source's own
    embedding; where it learned nothing it was negative-prompt inversion, and is called so.
    """
    if not settings.method.row.scheduled:
        return str(settings.method)
    if settings.schedule is Schedule.REFERENCE:
        return f"{settings.method} (published)"
    return f"{settings.method} (quick)" if inner_steps else str(Method.NEGATIVE_PROMPT)
