"""What an edit and a preparation can be told in numbers, each declared once: recipes check by it, the panels make their
sliders of it, the command line its flags, the file format its ranges.

A new one is a row here and a field of EditRecipe and of the file's RecipeRecord; the engine reads the field.
"""

import math
from dataclasses import dataclass

from nti_desktop.core.errors import RecipeError


@dataclass(frozen=True)
class Parameter:
    """A number. low, high: what is possible; shown: what a slider offers of it, where that is less; usual: where it
    starts; help: one sentence, as the window and the command line say it, with {0} and {1} for these numbers; field: of
    EditRecipe, empty where it is part of something else; flag: of the command line; advanced: whether it is one of the
    sliders that say by hand what else follows the kind of change; percent: whether the window shows 1 as 100 %.
    """

    label: str
    low: float
    high: float
    usual: float
    step: float
    help: str
    field: str = ""
    flag: str = ""
    advanced: bool = False
    shown: tuple[float, float] | None = None
    percent: bool = True

    @property
    def option(self) -> str:
        """What the parsed command line calls it."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def slider(self) -> tuple[float, float]:
        """The range that a slider offers."""
        return self.shown or (self.low, self.high)

    @property
    def flag_help(self) -> str:
        """The sentence for the command line: what it is, and its range."""
        text = self.help.format(0, 1)
        return f"{text[0].lower()}{text[1:].rstrip('.')}; {self.low:g} to {self.high:g}".replace("%", "%%")

    @property
    def explanation(self) -> str:
        """The sentence for the window."""
        return self.help.format("0 %", "100 %") if self.percent else self.help.format(0, 1)

    def check(self, value: float, what: str | None = None) -> None:
        """Raises RecipeError in one sentence when a value is not possible. what: instead of the label."""
        if not self.low <= value <= self.high:  # also true for NaN
            said = f"{value:g}" if math.isfinite(value) else "not a number"
            raise RecipeError(f"{what or self.label} is {said}; it must lie between {self.low:g} and {self.high:g}.")


WEIGHT = Parameter(
    label="Weight",
    low=-10,
    high=10,
    usual=1,
    step=0.1,
    help="How much the word counts: {1} as it is, {0} not at all, below {0} the opposite.",
    flag="--weight",
    shown=(-2, 4),
    percent=False,
)
ADDITION = Parameter(
    label="Weight",
    low=0,
    high=2,
    usual=1,
    step=0.05,
    help="How much of a LoRA is added to the model: {0} nothing, {1} as it was trained.",
    flag="--weight",
    percent=False,
)
STRENGTH = Parameter(
    label="Strength",
    low=0,
    high=1.5,
    usual=1,
    step=0.01,
    help="How much of the edit is shown: {0} is the photo, {1} the edit, beyond {1} more of it.",
    field="strength",
    flag="--strength",
)
FOLLOW = Parameter(
    label="Follow",
    low=0,
    high=1,
    usual=0,
    step=0.01,
    help="How closely the edit follows the photo: {0} is free, {1} keeps the photo’s layout and shapes.",
    flag="--follow",
)
CROSS = Parameter(
    label="Layout",
    low=0,
    high=1,
    usual=0.8,
    step=0.01,
    help="How long the edit keeps things where they are in the photo, as part of the steps.",
    field="cross_until",
    flag="--cross",
    advanced=True,
)
SELF = Parameter(
    label="Shapes",
    low=0,
    high=1,
    usual=0.4,
    step=0.01,
    help="How long the edit keeps the photo’s shapes and surfaces, as part of the steps.",
    field="self_until",
    flag="--self",
    advanced=True,
)
SELF_LIMIT = Parameter(
    label="The self-attention limit",
    low=0,
    high=1,
    usual=0.25,
    step=0.01,
    help="The largest layers whose shapes are kept, as part of the latents’ positions.",
    field="self_limit",
)
GUIDANCE = Parameter(
    label="Guidance",
    low=1,
    high=30,
    usual=7.5,
    step=0.1,
    help="How strongly the words of the edit pull.",
    field="guidance_scale",
    flag="--guidance",
    advanced=True,
    shown=(1, 10),
    percent=False,
)
IMAGE_GUIDANCE = Parameter(
    label="Likeness",
    low=0,
    high=10,
    usual=1.5,
    step=0.05,
    help="How strongly the photo pulls, where the edit is an order.",
    field="image_guidance",
    flag="--image-guidance",
    advanced=True,
    shown=(1, 3),
    percent=False,
)
NOISE = Parameter(
    label="Freedom",
    low=0.05,
    high=1,
    usual=0.6,
    step=0.01,
    help="How much of the photo is given up to noise before it is drawn anew; at {1} all of it.",
    field="noise",
    flag="--noise",
    advanced=True,
)
REDRAWN = Parameter(
    label="Drawn anew",
    low=0,
    high=0.9,
    usual=0.0,
    step=0.01,
    help="How much noise is put over what the edit has changed before it is drawn once more, which makes new things "
    "crisp and takes rests of old ones away; {0} leaves it as it is.",
    field="redrawn",
    flag="--redrawn",
    advanced=True,
)
IMAGE_PROMPT = Parameter(
    label="Picture",
    low=0,
    high=1.5,
    usual=1,
    step=0.01,
    help="How closely what is drawn follows the picture that it is drawn after; {0} not at all.",
    field="image_prompt_weight",
    flag="--picture-weight",
    advanced=True,
)
THRESHOLD = Parameter(
    label="Threshold",
    low=0,
    high=1,
    usual=0.3,
    step=0.01,
    help="How surely a spot must belong to the mask’s words; more makes the mask smaller.",
    flag="--threshold",
)
START = Parameter(
    label="The mask's start",
    low=0,
    high=1,
    usual=0.2,
    step=0.01,
    help="The part of the steps before the mask takes hold.",
)
FEATHER = Parameter(
    label="Soft edge",
    low=0,
    high=0.2,
    usual=0.01,
    step=0.005,
    help="How softly the mask’s border fades inwards, as part of the frame’s shorter side.",
    flag="--feather",
)
STEPS = Parameter(
    label="Steps",
    low=2,
    high=500,
    usual=50,
    step=1,
    help="More steps take longer and follow the photo and the words more closely.",
    flag="--steps",
    percent=False,
)

# Those of an edit, in the order in which they are offered; STEPS is of a preparation.
PARAMETERS = (
    STRENGTH,
    THRESHOLD,
    START,
    FEATHER,
    FOLLOW,
    CROSS,
    SELF,
    SELF_LIMIT,
    GUIDANCE,
    IMAGE_GUIDANCE,
    NOISE,
    REDRAWN,
    IMAGE_PROMPT,
    WEIGHT,
)
