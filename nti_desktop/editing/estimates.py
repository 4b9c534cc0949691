"""How long things will take here: measured time of a UNet row times rows, then what was measured itself."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from nti_desktop.recipe.jobs import Figures, Measured
from nti_desktop.recipe.methods import METHODS, SLOWEST, Method
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

SLOW_RENDER = 5.0  # seconds; above, the full render waits for a button
QUICK_RENDER = 0.15  # seconds; above, a preview is shown first
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
    prepared: tuple[tuple[Method, float], ...] = ()  # seconds a UNet row, measured
    rendered: float | None = None  # seconds a UNet row, measured on the newest render

    def with_measured(self, measured: Measured) -> "Estimates":
        """Also what measuring the photo told."""
        return replace(self, measured=measured)

    def with_prepared(self, settings: InversionSettings, figures: Figures) -> "Estimates":
        """Also how long preparing took by a method, in place of what was known of it."""
        rows = settings.method.row.rows_of_preparing(settings.steps)
        others = tuple(entry for entry in self.prepared if entry[0] is not settings.method)
        return replace(self, prepared=(*others, (settings.method, figures.seconds / rows))) if rows else self

    def with_rendered(self, figures: Figures) -> "Estimates":
        """A preview counts as much as a full render, so that one slow moment is forgotten after the next."""
        return replace(self, rendered=figures.seconds / figures.unet_rows) if figures.unet_rows else self

    def preparing(self, method: Method, steps: int) -> float | None:
        """Seconds, None before anything was measured."""
        row_seconds = dict(self.prepared).get(method)
        if row_seconds is None and self.measured is not None:
            row_seconds = self.measured.row_seconds
        return None if row_seconds is None else method.row.rows_of_preparing(steps) * row_seconds

    def far_apart(self, defaults: EditDefaults) -> tuple[tuple[Method, float], ...]:
        """The slowest method and a model's default one with their seconds, where those lie far apart; else nothing."""
        if not defaults.method.row.prepares:
            return ()
        slow, usual = (self.preparing(method, defaults.steps_for(method)) for method in (SLOWEST, defaults.method))
        if slow is None or usual is None or abs(slow - usual) <= WORTH_ASKING:
            return ()
        return ((SLOWEST, slow), (defaults.method, usual))

    def rendering(self, method: Method, steps: int) -> float | None:
        """Seconds of a full render, None before anything was measured."""
        row_seconds = (
            self.rendered if self.rendered is not None else self.measured.row_seconds if self.measured else None
        )
        return None if row_seconds is None else METHODS[method].edit_rows * steps * row_seconds

    def pace(self, method: Method, steps: int) -> Pace:
        """Of an edit with so many steps; what is not known yet is tried."""
        seconds = self.rendering(method, steps) or 0.0
        if seconds > SLOW_RENDER:
            return Pace.BY_HAND
        return Pace.PREVIEWED if seconds > QUICK_RENDER else Pace.AT_ONCE
