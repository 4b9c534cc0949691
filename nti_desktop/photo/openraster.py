"""The photo and its edit as two layers in an OpenRaster file, which Krita and GIMP open (openraster.org, 0.0.5)."""

import zipfile
from typing import BinaryIO, cast
from xml.sax.saxutils import quoteattr

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.colour import srgb_profile, vips_image, with_profile
from nti_desktop.photo.metadata import Metadata
from nti_desktop.photo.png_writer import write_png
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import small_copy

_THUMBNAIL = 256  # pixels, at most, as the standard asks for


def write_openraster(file: BinaryIO, photo: Raster, picture: Raster, metadata: Metadata) -> None:
    """Two layers: the photo, and above it the edit, which is transparent where it left the photo as it was.

    photo, picture: of the same size, depth and colours; metadata: of the merged picture. Laid on one another the
    layers are the picture bit for bit; erasing the upper one brings the photo back.
    """
    width, height = picture.size
    changed = (photo.pixels != picture.pixels).any(axis=-1)
    layers = (("Edit", "data/edit.png"), ("Photo", "data/photo.png"))
    stack = "".join(f"<layer name={quoteattr(name)} src={quoteattr(source)} x='0' y='0'/>" for name, source in layers)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr(
            "stack.xml",
            f"<?xml version='1.0' encoding='UTF-8'?><image version='0.0.5' w='{width}' h='{height}'>"
            f"<stack>{stack}</stack></image>",
        )
        for name, image, said in (
            ("data/photo.png", _image(photo), Metadata()),
            ("data/edit.png", _image(picture, changed), Metadata()),
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
