"""Any pixels that a photo comes in, as 8-bit sRGB without transparency."""

import io
from typing import cast

import numpy as np
from PIL import Image, ImageCms

from nti_desktop.errors import PhotoError

_INVISIBLE = 2  # levels of 255: what two makers' sRGB profiles differ by
_PLAIN = {"1": "L", "La": "LA", "P": "RGB", "PA": "RGBA", "RGBX": "RGB", "RGBa": "RGBA", "YCbCr": "RGB"}
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def to_srgb(image: Image.Image, bits: int = 8, white_is_zero: bool = False) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture in mode RGB, and sentences about what was changed on the way.

    image: decoded, any mode; bits: per channel of the file; white_is_zero: 16-bit grey that runs backwards. Colours go
    through the embedded ICC profile where there is one; transparency is laid on white. Raises PhotoError for pixels
    that are measurements and not a picture.
    """
    notes = []
    if bits > 8:
        notes.append(f"This is a {bits}-bit picture; it is opened with 8 bits for now.")
    profile = image.info.get("icc_profile")
    colours, alpha = _split(_plain(image, bits, white_is_zero))
    colours, note = _through_profile(colours, profile)
    notes += [note] if note else []
    if alpha is not None and cast("tuple[int, int]", alpha.getextrema())[0] < 255:
        colours = Image.composite(colours, Image.new("RGB", colours.size, "white"), alpha)
        notes.append("Transparent parts of this picture are shown on white.")
    return colours, tuple(notes)


def srgb_profile() -> bytes:
    """An sRGB profile to embed, the same bytes at every call."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")  # its date of creation, which would be now
    return bytes(made)


def _plain(image: Image.Image, bits: int, white_is_zero: bool) -> Image.Image:
    """In one of the modes L, LA, RGB, RGBA, CMYK, LAB."""
    if image.mode.startswith("I;16"):
        levels = np.asarray(image).astype(np.uint16) >> (bits - 8)
        grey = np.minimum(levels, 255).astype(np.uint8)
        return Image.fromarray(255 - grey if white_is_zero else grey)
    if image.mode in ("I", "F"):
        raise PhotoError("This picture holds measured values instead of colours; save it as 8 or 16 bit per channel.")
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        return image.convert("RGBA")
    mode = _PLAIN.get(image.mode, image.mode)
    if mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        raise PhotoError(f"This picture uses a colour model this program cannot read ({mode}); save it as RGB.")
    return image.convert(mode) if mode != image.mode else image


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours (L, RGB, CMYK, LAB) and transparency (L)."""
    if image.mode not in ("LA", "RGBA"):
        return image, None
    return image.convert(image.mode[:-1]), image.getchannel("A")


def _through_profile(colours: Image.Image, data: bytes | None) -> tuple[Image.Image, str | None]:
    """In sRGB (mode RGB), and a sentence where that changed or lost something."""
    if data is None:
        return _without_profile(colours)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        mode = _PROFILE_MODES.get(profile.profile.xcolor_space.strip(), "")
        fitting = colours.convert("RGB") if (colours.mode, mode) == ("L", "RGB") else colours
        if fitting.mode != mode:
            return _ignoring("does not fit it", colours)
        transform = _transform(profile, mode)
        if _is_srgb(transform, mode):
            return fitting.convert("RGB"), None
        converted = ImageCms.applyTransform(fitting, transform)
        name = " ".join(ImageCms.getProfileDescription(profile).split())[:60] or "another colour space"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _ignoring("is damaged", colours)
    assert converted is not None  # only in-place transforms return None
    return converted, f"The colours were converted from “{name}” to sRGB."


def _without_profile(colours: Image.Image) -> tuple[Image.Image, str | None]:
    if colours.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        converted = ImageCms.applyTransform(colours, _transform(lab, "LAB"))
        assert converted is not None  # only in-place transforms return None
        return converted, "The colours were converted from Lab to sRGB."
    if colours.mode == "CMYK":
        return colours.convert("RGB"), "The colours were converted from print colours (CMYK) without a profile to sRGB."
    return colours.convert("RGB") if colours.mode != "RGB" else colours, None


def _ignoring(why: str, colours: Image.Image) -> tuple[Image.Image, str]:
    return _without_profile(colours)[0], f"The picture's colour profile {why} and was ignored; colours may look wrong."


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the transform leaves every colour where it is, measured on a grid of them."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    if mode == "RGB":
        grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(len(levels), -1, 3)
    elif mode == "L":
        grid = levels[None]
    else:
        return False
    image = Image.fromarray(grid)
    moved = ImageCms.applyTransform(image, transform)
    change = np.asarray(moved, dtype=np.int16) - np.asarray(image.convert("RGB"), dtype=np.int16)
    return bool(np.abs(change).max() <= _INVISIBLE)
