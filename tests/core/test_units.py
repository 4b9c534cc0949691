"""How quantities are told to a person."""

import pytest

from nti_desktop.core.units import duration, unpinned


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "about a second"), (41.7, "about 42 s"), (200, "about 3 min"), (7500, "about 2 h 05 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_of_guidance_alone_something_is_said_only_where_it_was_asked() -> None:
    assert unpinned(45.21) == "; guidance alone, unpinned: 45.2 dB"
    assert unpinned(None) == ""
