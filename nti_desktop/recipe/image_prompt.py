"""A picture that is said beside words, small as an image encoder sees it, so that a project can hold it."""

import base64
import binascii
from dataclasses import dataclass, field

from nti_desktop.core.errors import RecipeError

SIDE = 224  # pixels, what CLIP's image encoders see
MOST_CHARACTERS = 400_000  # six times what a JPEG of that size takes at its best quality
_BEGINS = b"\xff\xd8\xff"

Part = tuple[int, int, int, int]  # left, top, right and bottom, in pixels


@dataclass(frozen=True)
class ImagePrompt:
    """A square picture. data: a JPEG of SIDE pixels, in base64 as JSON holds text; adapter: name of the file by which
    it is read, as another one reads something else, empty where its thing is laid into the photo; part: where in the
    picture that thing is, None where nobody said. Raises RecipeError where `data` is anything else by its first bytes,
    or the part leaves it; its pixels are looked at when it is drawn after.
    """

    data: str = field(repr=False)
    adapter: str
    part: Part | None = None

    def __post_init__(self) -> None:
        left, top, right, bottom = self.part or ALL
        within = 0 <= left < right <= SIDE and 0 <= top < bottom <= SIDE
        if len(self.data) > MOST_CHARACTERS or not self.jpeg.startswith(_BEGINS) or not within:
            raise RecipeError("The picture to draw after is damaged; choose it again.")

    @property
    def jpeg(self) -> bytes:
        """The file; empty where it cannot be told from its text."""
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            return b""


ALL: Part = (0, 0, SIDE, SIDE)


def image_prompt(jpeg: bytes, adapter: str, part: Part | None = None) -> ImagePrompt:
    """Make one of a file. adapter, part: see ImagePrompt."""
    return ImagePrompt(base64.b64encode(jpeg).decode("ascii"), adapter, part)
