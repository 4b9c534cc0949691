"""Text from files on a terminal: what would steer it is shown instead of sent."""

import re

# Control characters, marks of direction, line and paragraph separators, and what stands for bytes of no encoding.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    r"""Write characters that steer a terminal, or turn what is read around, as people write them: \x1b, \n, \u202e."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
