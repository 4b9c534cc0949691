"""Places in a text: Python counts characters, Qt counts UTF-16 units, and an emoji is one of the former but two of the
latter.
"""


def to_qt(text: str, place: int) -> int:
    """Qt's name for the place before `text[place]`; 0 to the text's length."""
    return place + sum(letter > "\uffff" for letter in text[:place])


def from_qt(text: str, place: int) -> int:
    """The index in `text` of Qt's place; that of the character where the place is inside one."""
    units = 0
    for index, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > place:
            return index
    return len(text)
