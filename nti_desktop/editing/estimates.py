"""How long things will take here: what UNet calls take times their number, then what was measured itself."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from nti_desktop.recipe.costs import Calls, Expected, Speeds
from nti_desktop.recipe.jobs import Figures, Measured
from nti_desktop.recipe.methods import SLOWEST, Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

SLOW_RENDER = 5.0  # seconds; above, the full render waits for a button
QUICK_RENDER = 0.15  # seconds; above, a preview is shown first
PICTURES = 3  # that preparing draws: the photo as latents, and back, and the reconstruction
ASKED_BESIDE = Calls(double=1)  # how much the description explains
WORTH_ASKING = 60.0  # seconds between two ways of preparing; above, both are offered


class Pace(Enum):
    """How a changed edit gets its full picture."""

    AT_ONCE = auto()
    PREVIEWED = auto()  # after a preview
    BY_HAND = auto()  # after a preview, and when it is asked for


@dataclass(frozen=True)
class Estimates:
    """What is known of this machine, with one model and one picture size. Times in seconds."""

    measured: Measured | None = None
    prepared: tuple[tuple[str, float], ...] = ()  # see Speeds, of this session
    rendered: float | None = None  # seconds a UNet row, measured on the newest render

    def with_measured(self, measured: Measured) -> "Estimates":
        """Also what measuring the photo told."""
        return replace(self, measured=measured)

    def with_prepared(self, settings: InversionSettings, figures: Figures) -> "Estimates":
        """Also how long preparing took by a method, in place of what was known of it."""
        counted = sum(each.seconds for each in self._counted(settings.method, settings.steps))
        if not counted:
            return self
        slowness = figures.seconds / counted
        others = tuple(entry for entry in self.prepared if entry[0] != settings.method)
        return replace(self, prepared=(*others, (settings.method, slowness)))

    def with_rendered(self, figures: Figures) -> "Estimates":
        """A preview counts as much as a full render, so that one slow moment is forgotten after the next."""
        return replace(self, rendered=figures.seconds / figures.unet_rows) if figures.unet_rows else self

    def preparing(self, method: Method, steps: int) -> float | None:
        """Seconds, None before anything was measured."""
        return sum(each.seconds for each in self.phases(method, steps)) if self.speeds is not None else None

    def phases(self, method: Method, steps: int) -> tuple[Expected, ...]:
        """Seconds of each phase of preparing and of what is around them; nothing before anything was measured."""
        slowness = dict(self.speeds.prepared).get(method, 1.0) if self.speeds is not None else 1.0
        return tuple(replace(each, seconds=slowness * each.seconds) for each in self._counted(method, steps))

    @property
    def speeds(self) -> Speeds | None:
        """All that is known of the model's speed here, None before anything was measured."""
        if self.measured is None:
            return None
        known = self.measured.speeds
        return replace(known, prepared=tuple((dict(known.prepared) | dict(self.prepared)).items()))

    def _counted(self, method: Method, steps: int) -> tuple[Expected, ...]:
        """The phases as their calls tell."""
        if self.speeds is None or not method.row.prepares:
            return ()
        rates = self.speeds.rates
        phases = ((each.name, rates.seconds(each.calls(steps))) for each in method.row.preparing)
        around = PICTURES * rates.drawing + rates.seconds(ASKED_BESIDE)
        return (*(Expected(*each) for each in phases), Expected("", around))

    def far_apart(self, defaults: EditDefaults) -> tuple[tuple[Method, float], ...]:
        """The slowest method and a model's default one with their seconds, where those lie far apart; else nothing."""
        if not defaults.method.row.prepares:
            return ()
        slow, usual = (self.preparing(method, defaults.steps_for(method)) for method in (SLOWEST, defaults.method))
        if slow is None or usual is None or abs(slow - usual) <= WORTH_ASKING:
            return ()
        return ((SLOWEST, slow), (defaults.method, usual))

    def rendering(
        self, method: Method, steps: int, recipe: EditRecipe | None = None, guidance: float | None = None
    ) -> float | None:
        """Seconds of a full render, None before anything was measured. recipe, guidance: see calls_of_edit."""
        calls = method.row.calls_of_edit(recipe, steps, guidance)
        if self.rendered is not None:
            return calls.rows * self.rendered
        return None if self.measured is None else self.measured.speeds.rates.seconds(calls)

    def pace(self, method: Method, steps: int, recipe: EditRecipe | None = None, guidance: float | None = None) -> Pace:
        """Of an edit with so many steps; what is not known yet is tried. recipe, guidance: as in `rendering`."""
        seconds = self.rendering(method, steps, recipe, guidance) or 0.0
        if seconds > SLOW_RENDER:
            return Pace.BY_HAND
        return Pace.PREVIEWED if seconds > QUICK_RENDER else Pace.AT_ONCE
