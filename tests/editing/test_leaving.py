"""Leaving a photo waits until it is saved, and goes to the newest place that was asked for, once."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nti_desktop.editing.leaving import SHORT, SLOWEST, Close, Destination, Leaving, OpenNext, patience

A, B = OpenNext(Path("a.jpg")), OpenNext(Path("b.jpg"))


@dataclass
class Photo:
    """What is left; saves are answered by hand."""

    unsaved: bool = False
    saving: bool = False
    busy: bool = False
    saves: int = 0
    gone: list[Destination] = field(default_factory=list)

    def save(self) -> None:
        self.saving = True
        self.saves += 1

    def go(self, destination: Destination) -> None:
        self.gone.append(destination)

    def saved(self) -> None:
        self.unsaved = self.saving = False


@pytest.mark.parametrize("destination", [A, Close()])
def test_with_nothing_to_save_it_goes_at_once(destination: Destination) -> None:
    photo = Photo()
    Leaving(photo).ask(destination)
    assert (photo.gone, photo.saves) == ([destination], 0)


@pytest.mark.parametrize("destination", [A, Close()])
def test_what_was_changed_is_saved_before(destination: Destination) -> None:
    photo = Photo(unsaved=True)
    leaving = Leaving(photo)
    leaving.ask(destination)
    assert (photo.gone, photo.saves) == ([], 1)
    photo.saved()
    leaving.go_on()
    assert photo.gone == [destination]


def test_what_was_changed_while_it_was_saved_is_saved_again() -> None:
    photo = Photo(unsaved=True)
    leaving = Leaving(photo)
    leaving.ask(A)
    photo.saving = False  # saved, and changed again
    leaving.go_on()
    assert (photo.gone, photo.saves) == ([], 2)


def test_the_newest_wish_holds() -> None:
    photo = Photo(unsaved=True)
    leaving = Leaving(photo)
    leaving.ask(A)
    leaving.ask(B)
    photo.saved()
    leaving.go_on()
    leaving.go_on()
    assert photo.gone == [B]


def test_the_end_waits_for_what_still_comes_home() -> None:
    photo = Photo(busy=True)
    leaving = Leaving(photo)
    leaving.ask(Close())
    assert photo.gone == []
    photo.busy, photo.unsaved = False, True  # it came home
    leaving.go_on()
    photo.saved()
    leaving.go_on()
    assert (photo.gone, photo.saves) == ([Close()], 1)


def test_another_photo_does_not_wait_for_what_comes_home() -> None:
    photo = Photo(busy=True)
    Leaving(photo).ask(A)
    assert photo.gone == [A]


def test_one_ends_once() -> None:
    photo = Photo()
    leaving = Leaving(photo)
    leaving.ask(Close())
    leaving.go_on()
    assert photo.gone == [Close()]
    assert leaving.closing


def test_what_cannot_be_saved_stays_until_one_goes_without() -> None:
    photo = Photo(unsaved=True)
    leaving = Leaving(photo)
    leaving.ask(Close())
    leaving.stay()
    photo.saving = False
    leaving.go_on()
    assert (photo.gone, leaving.closing) == ([], False)
    leaving.go(Close())
    assert photo.gone == [Close()]


def test_nobody_goes_who_did_not_ask() -> None:
    photo = Photo()
    leaving = Leaving(photo)
    leaving.go()
    leaving.go_on()
    assert photo.gone == []


def test_only_the_end_of_the_program_waits_longer_for_a_larger_save() -> None:
    assert patience(Close(), 3 * SLOWEST) == SHORT + 3
    assert {patience(destination, 3 * SLOWEST) for destination in (A, Close(soon=True))} == {SHORT}
