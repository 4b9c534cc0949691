"""What an inversion asks for, and what a model is best at."""

from dataclasses import dataclass
from enum import StrEnum

from nti_desktop.errors import RecipeError


class Method(StrEnum):
    """How the photo's trajectory is held during an edit; see `nti_desktop.engine.methods`."""

    NULL_TEXT = "null-text"
    RESIDUAL = "residual"
    NEGATIVE_PROMPT = "negative-prompt"
    PINNED = "pinned"


class Schedule(StrEnum):
    """How long null-text optimises at each step."""

    REFERENCE = "reference"  # Mokady et al. 2023: from the empty prompt, up to 10 inner steps everywhere
    QUICK = "quick"  # from the source's own embedding, inner steps only where it leaves the pivot


PUBLISHED_STEPS = 50
MAX_STEPS = 500
MAX_GUIDANCE = 30.0


@dataclass(frozen=True)
class InversionSettings:
    """All that a photo's inversion depends on; null embeddings are valid for exactly these.

    prompt: what the photo shows, in words; steps: DDIM steps, 2 to 500; guidance_scale: 1 to 30.
    Raises RecipeError when a value is out of range or the prompt is empty.
    """

    prompt: str
    method: Method = Method.NULL_TEXT
    steps: int = PUBLISHED_STEPS
    guidance_scale: float = 7.5
    schedule: Schedule = Schedule.QUICK

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise RecipeError("The description is empty; say in a few words what the photo shows.")
        if not 2 <= self.steps <= MAX_STEPS:
            raise RecipeError(f"{self.steps} steps are not possible; choose between 2 and {MAX_STEPS}.")
        if not 1 <= self.guidance_scale <= MAX_GUIDANCE:  # also false for NaN
            raise RecipeError(
                f"A guidance of {self.guidance_scale:g} is not possible; choose between 1 and {MAX_GUIDANCE:g}."
            )


@dataclass(frozen=True)
class EditDefaults:
    """What measures best on one model; kept in its catalogue entry.

    cross_until, self_until: fractions of the way down; self_limit: self-attention is substituted in layers of at most
    this fraction of the latent positions (1/4 is 32x32 of 64x64, as published); blend_positions,
    blend_threshold: see Blend; preview_steps: that a preview takes, strided over the inversion's.
    """

    method: Method = Method.NULL_TEXT
    steps: int = PUBLISHED_STEPS
    guidance_scale: float = 7.5
    cross_until: float = 0.8
    self_until: float = 0.4
    self_limit: float = 0.25
    blend_positions: int = 160
    blend_threshold: float = 0.3
    preview_steps: int = 5

    def steps_for(self, schedule: Schedule) -> int:
        """What is published was published for fifty steps."""
        return PUBLISHED_STEPS if schedule is Schedule.REFERENCE else self.steps
