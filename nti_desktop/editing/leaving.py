"""Leaving the open photo, for another one or for good: it waits until what was changed is saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class OpenNext:
    """Go on with this photo. brings_back: its project as it was before its last save."""

    path: Path
    brings_back: bool = False


@dataclass(frozen=True)
class Close:
    """End the program. soon: whether somebody else ends it otherwise."""

    soon: bool = False


Destination = OpenNext | Close

SHORT = 1.0  # seconds that a save takes at most, but for what is written
SLOWEST = 4_000_000  # bytes a second; a drive that takes less does not answer


def patience(destination: Destination, size: int) -> float:
    """Tell for how many seconds whoever leaves waits for a save. size: bytes that are written.

    Only the end of the program breaks a save off; the next photo need not wait for it.
    """
    return SHORT + size / SLOWEST if destination == Close() else SHORT


class Place(Protocol):
    """What is left. busy: whether something comes home yet that is to be saved, too."""

    @property
    def unsaved(self) -> bool: ...
    @property
    def saving(self) -> bool: ...
    @property
    def busy(self) -> bool: ...
    def save(self) -> None: ...
    def go(self, destination: Destination) -> None: ...


class Leaving:
    """destination: where to go once all is saved, None when nobody waits."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.destination: Destination | None = None
        self._gone = False  # for good

    @property
    def closing(self) -> bool:
        """Whether the program is to end, or has."""
        return isinstance(self.destination, Close)

    def ask(self, destination: Destination) -> None:
        """Go there as soon as may be; the newest wish holds."""
        self.destination = destination
        self.go_on()

    def go_on(self) -> None:
        """Something was saved, or came home: perhaps nothing is in the way any more."""
        place = self._place
        if self._gone or self.destination is None or (self.closing and place.saving):
            return
        if place.unsaved:
            place.save()
        elif not (self.closing and place.busy):
            self.go()

    def go(self, destination: Destination | None = None) -> None:
        """Go without saving. destination: None for where it was to go."""
        self.destination = destination or self.destination
        if self.destination is None:
            return
        going, self._gone = self.destination, self.closing
        if not self._gone:
            self.destination = None
        self._place.go(going)

    def stay(self) -> None:
        """It could not be saved: nobody goes anywhere."""
        self.destination = None
