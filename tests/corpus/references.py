"""What other decoders make of a picture file: Pillow and ImageMagick."""

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from nti_desktop.photo.orientation import turned

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # in a child that lives for one file

_SECONDS = 120
_DAMAGE = ("corrupt", "premature", "truncat", "damage", "crc error", "unexpected end")
_TURNED_BY_DECODERS = ("TIFF", "HEIF", "AVIF")  # by Pillow and its plugins
TURNED_BY_BOXES = (".heic", ".heif", ".hif", ".avif")


@dataclass(frozen=True, eq=False)
class Reference:
    """pixels: (H, W, 3) uint16, upright, on white; profile: of their colours, None for none; is_animated: whether
    there are more pictures of the same thing.
    """

    pixels: NDArray[np.uint16]
    profile: bytes | None = None
    is_animated: bool = False


def references(path: Path, orientation: int, folder: Path) -> tuple[dict[str, Reference], dict[str, str]]:
    """What each decoder makes of a file, by its name, and the complaint of each that could not read all of it.

    orientation: as exiftool reads it, 1 to 8.
    """
    found: dict[str, Reference] = {}
    complaints: dict[str, str] = {}
    decoders: dict[str, Callable[[], Reference]] = {
        "Pillow": lambda: by_pillow(path, orientation),
        "ImageMagick": lambda: by_imagemagick(path, orientation, folder),
    }
    for name, decode in decoders.items():
        try:
            found[name] = decode()
        except Exception as error:  # whatever a decoder raises, it has not read the file
            complaints[name] = f"{type(error).__name__}: {error}"[:200]
    return found, complaints


def by_pillow(source: Path | io.BytesIO, orientation: int = 1) -> Reference:
    """Pillow's picture; raises whatever it raises."""
    with Image.open(source) as image:
        is_animated = image.format in ("PNG", "WEBP", "AVIF") and getattr(image, "n_frames", 1) > 1
        image.info.pop("xmp", None)  # which Pillow asks how an AVIF lies, against its boxes
        image.load()
        kind, profile = image.format, image.info.get("icc_profile") or None
        upright = ImageOps.exif_transpose(image) if kind == "AVIF" else image
        pixels, profile = _colours(upright, profile)
    if kind not in _TURNED_BY_DECODERS:
        pixels = turned(pixels, orientation)
    return Reference(pixels, profile, is_animated)


def _colours(image: Image.Image, profile: bytes | None) -> tuple[NDArray[np.uint16], bytes | None]:
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        return np.repeat(grey[..., None], 3, axis=2), profile
    if image.mode in ("I", "F", "HSV"):
        raise ValueError(f"measured values ({image.mode})")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return _wide(np.asarray(Image.alpha_composite(white, image).convert("RGB"))), profile
    if image.mode in ("L", "CMYK") and profile is not None:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space.strip() == {"L": "GRAY", "CMYK": "CMYK"}[image.mode]:
            flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
            srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
            made = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB", renderingIntent=intent, flags=flags)
            assert made is not None  # only in-place transforms return None
            return _wide(np.asarray(made)), None
    return _wide(np.asarray(image.convert("RGB"))), profile


def _wide(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return pixels.astype(np.uint16) * np.uint16(257)


def by_imagemagick(path: Path, orientation: int, folder: Path) -> Reference:
    """ImageMagick's picture; raises ValueError where it complains."""
    copy = folder / ("original" + path.suffix.lower())  # its own way with names is none of this
    shutil.copyfile(path, copy)
    size = _said("identify", "-format", "%w %h ", f"{copy}[0]").split()
    width, height = int(size[0]), int(size[1])
    raw = _said("convert", f"{copy}[0]", "-colorspace", "sRGB", "-depth", "16", "-endian", "LSB", "rgba:-")
    rgba = np.frombuffer(raw, "<u2").reshape(height, width, 4)
    copy.unlink()
    pixels = _on_white(rgba)
    return Reference(pixels if path.suffix.lower() in TURNED_BY_BOXES else turned(pixels, orientation))


def _on_white(rgba: NDArray[np.uint16]) -> NDArray[np.uint16]:
    colours, alpha = np.ascontiguousarray(rgba[..., :3]), rgba[..., 3]
    seen_through = alpha < 65535
    share = alpha[seen_through][:, None].astype(np.float64) / 65535
    colours[seen_through] = np.rint(colours[seen_through] * share + 65535 * (1 - share)).astype(np.uint16)
    return colours


def _said(*command: str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode or speaks_of_damage(said):
        raise ValueError(said or f"ended with {done.returncode}")
    return done.stdout


def speaks_of_damage(complaint: str) -> bool:
    """Tell whether a decoder found the file not whole, and not just odd or beyond what it can."""
    of_picture = complaint.lower().replace("corruptimageprofile", "")  # as ImageMagick calls XMP that it cannot read
    return any(words in of_picture for words in _DAMAGE)
