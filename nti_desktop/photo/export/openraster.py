"""The photo, its edit and the mask as layers of an OpenRaster file (openraster.org, 0.0.5), as Krita and GIMP open."""

import zipfile
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.colour import srgb_profile, vips_image, with_profile
from nti_desktop.photo.export.png_writer import write_png
from nti_desktop.photo.metadata import Metadata
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import small_copy

_THUMBNAIL = 256  # pixels, at most, as the standard asks for


@dataclass(frozen=True, eq=False)
class Layered:
    """What lies below and beside the finished picture. photo: without any edit; mask: (H, W) uint8, how far each pixel
    follows the edits.
    """

    photo: Raster
    mask: NDArray[np.uint8]


def write_openraster(file: BinaryIO, picture: Raster, layers: Layered, metadata: Metadata) -> None:
    """The photo, above it the edit, transparent where it left the photo as it was, and on top, hidden, the mask.

    picture: of the same size, depth and colours as the photo; metadata: of the merged picture. Laid on one another the
    two lower layers are the picture bit for bit; erasing the edit brings the photo back.
    """
    width, height = picture.size
    changed = (layers.photo.pixels != picture.pixels).any(axis=-1)
    mask = pyvips.Image.new_from_memory(np.ascontiguousarray(layers.mask), width, height, 1, "uchar")
    stack = "".join(
        f"<layer name='{name}' src='data/{name.lower()}.png' x='0' y='0' visibility='{shown}'/>"
        for name, shown in (("Mask", "hidden"), ("Edit", "visible"), ("Photo", "visible"))
    )
    across, down = (round(dots) for dots in metadata.resolution or (0, 0))
    resolution = f" xres='{across}' yres='{down}'" if across and down else ""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr(
            "stack.xml",
            f"<?xml version='1.0' encoding='UTF-8'?><image version='0.0.5' w='{width}' h='{height}'{resolution}>"
            f"<stack>{stack}</stack></image>",
        )
        for name, image, said in (
            ("data/photo.png", _image(layers.photo), Metadata()),
            ("data/edit.png", _image(picture, changed), Metadata()),
            ("data/mask.png", mask.copy(interpretation="b-w"), Metadata()),
            ("mergedimage.png", _image(picture), metadata),
        ):
            with archive.open(name, "w", force_zip64=True) as member:
                write_png(cast(BinaryIO, member), image, said)
        with archive.open("Thumbnails/thumbnail.png", "w") as thumbnail:
            Image.fromarray(small_copy(picture, _THUMBNAIL)).save(thumbnail, "PNG")


def _image(picture: Raster, opaque: NDArray[np.bool_] | None = None) -> pyvips.Image:
    image = vips_image(picture)
    if opaque is not None:
        alpha = np.where(opaque, picture.white, 0).astype(picture.pixels.dtype)
        image = image.bandjoin(vips_image(Raster(np.repeat(alpha[..., None], 3, axis=2)))[0])
    return with_profile(image, picture.profile or srgb_profile())
