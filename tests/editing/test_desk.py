"""Desks are recorded one after the other, and what they share is written once."""

from dataclasses import replace

import pytest

from nti_desktop.editing import desk
from nti_desktop.editing.desk import Desk, DeskWriter
from nti_desktop.editing.history import EditState, History
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from tests.sessions import BLUE, SOURCE

STATES = [EditState(replace(BLUE, strength=number / 10), Finish()) for number in range(6)]


def at(number: int) -> Desk:
    """After so many changes of the draft."""
    history = History(STATES[number], past=tuple(STATES[:number]))
    return Desk(SOURCE, BLUE.prompt, Area(0, 0, 96, 64), draft=history)


def test_a_state_is_written_with_the_first_desk_that_has_it() -> None:
    writer = DeskWriter()
    written = [len(writer.record(at(number))[1]) for number in (0, 1, 3, 2)]
    assert written == [1, 1, 2, 0]


def test_a_writer_is_full_when_more_than_half_of_what_may_be_kept_is_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_STATES", 8)
    writer, full = DeskWriter(), []
    for number in range(6):
        writer.record(at(number))
        full.append(writer.full)
    assert full == [False] * 4 + [True] * 2
