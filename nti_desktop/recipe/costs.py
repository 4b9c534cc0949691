"""What jobs ask of a UNet, counted in calls of each kind, and how long those take on one device."""

from dataclasses import dataclass

# Phases of preparing, as Progress names them.
FOLLOWING = "Following the photo"
LEARNING = "Learning the photo"
TUNING = "Tuning the model"
CHECKING = "Checking"


@dataclass(frozen=True)
class Calls:
    """How often a UNet is called. single: with one row; double: with two at once, as a guided step asks; learned: with
    one row, there and back for its gradient.
    """

    single: float = 0.0
    double: float = 0.0
    learned: float = 0.0

    def times(self, count: float) -> "Calls":
        """So many times as often."""
        return Calls(count * self.single, count * self.double, count * self.learned)

    @property
    def rows(self) -> float:
        """UNet rows, a backward counting one."""
        return self.single + 2 * self.double + 2 * self.learned


@dataclass(frozen=True)
class Phase:
    """A part of preparing. name: as Progress says it; each_step: calls for every step; once: calls beside those."""

    name: str
    each_step: Calls = Calls()
    once: Calls = Calls()

    def calls(self, steps: int) -> Calls:
        """Count the calls of all its steps."""
        every = self.each_step.times(steps)
        return Calls(
            every.single + self.once.single, every.double + self.once.double, every.learned + self.once.learned
        )


@dataclass(frozen=True)
class Rates:
    """Seconds on one device, of one model at one picture size. single, double, learned: of one of such Calls; drawing:
    of the autoencoder's way to a picture, or from it.
    """

    single: float
    double: float
    learned: float
    drawing: float = 0.0

    def seconds(self, calls: Calls) -> float:
        """Tell how long so many calls take."""
        return self.single * calls.single + self.double * calls.double + self.learned * calls.learned


@dataclass(frozen=True)
class Speeds:
    """How fast a model is on one device, at one picture size. prepared: by a method's name, how many times as long as
    its calls tell by these rates preparing took there, the last time.
    """

    rates: Rates
    prepared: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Conditions:
    """What a model's speeds hold for. device, precision: in words, see Measured; height, width: pixels of the picture
    that it sees.
    """

    device: str
    precision: str
    height: int
    width: int


@dataclass(frozen=True)
class Expected:
    """How long a phase is expected to take, in seconds. name: as Progress says it."""

    name: str
    seconds: float
