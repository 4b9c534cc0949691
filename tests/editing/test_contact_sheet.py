"""Where pictures and labels stand on a contact sheet."""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.editing.contact_sheet import SIDE, contact_sheet
from nti_desktop.photo.raster import Raster

RED, GREEN, BLUE = (200, 0, 0), (0, 160, 0), (0, 0, 220)


def plain(colour: tuple[int, int, int], width: int, height: int) -> Raster:
    return Raster(np.full((height, width, 3), colour, np.uint8))


def box(sheet: NDArray[np.uint8], colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what has this colour."""
    rows, columns = np.nonzero((np.abs(sheet.astype(int) - colour) < 8).all(-1))
    return (
        int(columns.min()),
        int(rows.min()),
        int(columns.max() - columns.min()) + 1,
        int(rows.max() - rows.min()) + 1,
    )


def test_pictures_stand_in_the_middle_of_equal_cells_row_by_row() -> None:
    pictures = [(plain(RED, 640, 320), "wide"), (plain(GREEN, 100, 200), "high"), (plain(BLUE, 50, 50), "small")]
    sheet = np.asarray(contact_sheet(pictures).pixels)
    red, green, blue = (box(sheet, colour) for colour in (RED, GREEN, BLUE))
    assert red[2:] == (SIDE, SIDE // 2)
    assert green[2:] == (SIDE // 2, SIDE)
    assert blue[2:] == (SIDE, SIDE)
    margin = red[0]
    assert margin > 0
    assert red[1] == margin + SIDE // 4, "in the middle of its cell"
    assert green[0] == 2 * margin + SIDE + SIDE // 4
    assert green[1] == margin
    assert blue[0] == margin
    height, width = sheet.shape[:2]
    assert width == 3 * margin + 2 * SIDE
    below = blue[1] - (margin + SIDE)  # of the first row: its labels, and the gap to the next
    assert below > margin
    assert height == margin + 2 * (SIDE + below), "each row has room for its labels"


def test_labels_stand_below_their_pictures_and_are_broken_where_they_are_long() -> None:
    short = np.asarray(contact_sheet([(plain(RED, 10, 10), "one")], columns=1).pixels)
    long = np.asarray(contact_sheet([(plain(RED, 10, 10), "several words " * 6)], columns=1).pixels)
    inked = [sorted(set(np.nonzero((sheet < 90).all(-1))[0].tolist())) for sheet in (short, long)]
    _, top, _, height = box(short, RED)
    assert top + height <= inked[0][0] <= top + height + 16
    assert inked[1][-1] > inked[0][-1] + 10
    assert (long[:, -8:] == 255).all(), "nothing is written over the edge"


def test_one_column_is_as_wide_as_one_picture() -> None:
    sheet = np.asarray(contact_sheet([(plain(RED, 4, 4), ""), (plain(BLUE, 4, 4), "")], columns=1).pixels)
    assert box(sheet, RED)[0] == box(sheet, BLUE)[0]
    assert box(sheet, BLUE)[1] > box(sheet, RED)[1] + SIDE
