"""What steers a terminal is shown, and everything that people write stays."""

import unicodedata

import pytest

from nti_desktop.core.plain_text import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("two\nlines\r\tand a tab", r"two\nlines\r\tand a tab"),
        ("cod.\u202egpj", r"cod.\u202egpj"),
        ("\u2066isolated\u2069", r"\u2066isolated\u2069"),
        ("\u2028", r"\u2028"),
        ("\x7f\x00\b", r"\x7f\x00\x08"),
        ("caf\udce9.jpg", r"caf\udce9.jpg"),
    ],
)
def test_what_steers_a_terminal_is_shown(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(
    "text", ["", "Blue, “really” 藍", "cafe\u0301", "מכתב", "नमस्ते", "👩\u200d🎨", "a\\x1b", "50 % – 3×4"]
)
def test_what_people_write_stays(text: str) -> None:
    assert one_line(text) == text


def test_nothing_is_left_that_unicode_calls_a_control_or_a_mark_of_direction() -> None:
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for text in map(chr, range(0x110000)):
        if unicodedata.category(text) in ("Cc", "Zl", "Zp", "Cs") or unicodedata.bidirectional(text) in turning:
            assert one_line(text).isascii()
            assert one_line(text).isprintable()
