"""How a picture is written."""

from dataclasses import dataclass

from nti_desktop.core.errors import PhotoError


@dataclass(frozen=True)
class ExportSettings:
    """How a picture is written.

    quality: of JPEG, WebP and AVIF, 1 to 100; full_chroma: of JPEG and AVIF, whether colours have the full resolution;
    bits: 8 or 16 a channel, None for the photo's own (JPEG, WebP and AVIF have 8 in any case); longest_side: in
    pixels, None for the photo's own size, never enlarged; srgb: whether the colours become sRGB, else they stay the
    photo's own; metadata, location, prompt: see `carried_metadata`.
    """

    quality: int = 92
    full_chroma: bool = True
    bits: int | None = None
    longest_side: int | None = None
    srgb: bool = False
    metadata: bool = True
    location: bool = True
    prompt: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise PhotoError(f"The quality must be between 1 and 100, not {self.quality}.")
        if self.bits not in (None, 8, 16):
            raise PhotoError(f"A picture has 8 or 16 bits a channel, not {self.bits}.")
        if self.longest_side is not None and self.longest_side < 1:
            raise PhotoError(f"The longest side must be at least 1 pixel, not {self.longest_side}.")
