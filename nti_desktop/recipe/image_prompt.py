"""A picture that is said beside words, small as an image encoder sees it, so that a project can hold it."""

import base64
import binascii
from dataclasses import dataclass, field

from nti_desktop.core.errors import RecipeError

SIDE = 224  # pixels, what CLIP's image encoders see
MOST_CHARACTERS = 400_000  # six times what a JPEG of that size takes at its best quality
_BEGINS = b"\xff\xd8\xff"


@dataclass(frozen=True)
class ImagePrompt:
    """A square picture. data: a JPEG of SIDE pixels, in base64 as JSON holds text; adapter: name of the file by which
    it is read, as another one reads something else. Raises RecipeError where `data` is anything else by its first
    bytes; its pixels are looked at when it is drawn after.
    """

    data: str = field(repr=False)
    adapter: str

    def __post_init__(self) -> None:
        if len(self.data) > MOST_CHARACTERS or not self.jpeg.startswith(_BEGINS):
            raise RecipeError("The picture to draw after is damaged; choose it again.")

    @property
    def jpeg(self) -> bytes:
        """The file; empty where it cannot be told from its text."""
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            return b""


def image_prompt(jpeg: bytes, adapter: str) -> ImagePrompt:
    """Make one of a file. adapter: see ImagePrompt."""
    return ImagePrompt(base64.b64encode(jpeg).decode("ascii"), adapter)
