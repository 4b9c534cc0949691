"""Photos lie upright wherever their file says how they were held, and their exports say that they do."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.photo import full_raster, open_photo
from nti_desktop.photo.reading.first_view import first_view
from tests.picture_files import encoded, noisy_picture, png_chunk, smooth_picture, tiff_file

STORED = noisy_picture()


def exif(orientation: int | None, order: str = "MM") -> bytes:
    made = Image.Exif()
    made.endian = ">" if order == "MM" else "<"
    if orientation is not None:
        made[0x0112] = orientation
    made[0x010F] = "A camera"
    return made.tobytes().removeprefix(b"Exif\0\0")


def xmp(orientation: int, as_attribute: bool = True) -> bytes:
    stated = f" tiff:Orientation='{orientation}'/>" if as_attribute else (
        f"><tiff:Orientation>{orientation}</tiff:Orientation></rdf:Description>"
    )  # fmt: skip
    return (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description rdf:about='' xmlns:tiff='http://ns.adobe.com/tiff/1.0/'{stated}</rdf:RDF></x:xmpmeta>"
    ).encode()


def raw_profile(kind: bytes, data: bytes, stated: int | None = None, chunk: bytes = b"zTXt") -> bytes:
    """A chunk as ImageMagick writes it. stated: how many bytes it says that it has."""
    text = b"\n%s\n%8d\n%s\n" % (kind, len(data) if stated is None else stated, data.hex().encode())
    rest = {b"zTXt": b"\0\0" + zlib.compress(text), b"tEXt": b"\0" + text}[chunk]
    return png_chunk(chunk, b"Raw profile type " + kind + rest)


def png(*chunks: bytes, behind: bool = False) -> bytes:
    data = encoded(STORED, "PNG")
    at = len(data) - 12 if behind else 33
    return data[:at] + b"".join(chunks) + data[at:]


XMP_CHUNK = b"XML:com.adobe.xmp\0\0\0\0\0"
APP1 = b"http://ns.adobe.com/xap/1.0/\0"
PLACES: dict[str, Callable[[int], bytes]] = {
    "eXIf": lambda o: png(png_chunk(b"eXIf", exif(o))),
    "eXIf behind the pixels": lambda o: png(png_chunk(b"eXIf", exif(o, "II")), behind=True),
    "raw profile exif": lambda o: png(raw_profile(b"exif", b"Exif\0\0" + exif(o))),
    "raw profile exif in plain text": lambda o: png(raw_profile(b"exif", b"Exif\0\0" + exif(o), chunk=b"tEXt")),
    "raw profile exif behind the pixels": lambda o: png(raw_profile(b"exif", b"Exif\0\0" + exif(o)), behind=True),
    "raw profile APP1": lambda o: png(raw_profile(b"APP1", b"Exif\0\0" + exif(o))),
    "raw profile of a wrong length": lambda o: png(raw_profile(b"exif", b"Exif\0\0" + exif(o), stated=7)),
    "XMP": lambda o: png(png_chunk(b"iTXt", XMP_CHUNK + xmp(o))),
    "XMP behind the pixels": lambda o: png(png_chunk(b"iTXt", XMP_CHUNK + xmp(o, as_attribute=False)), behind=True),
    "raw profile xmp": lambda o: png(raw_profile(b"xmp", xmp(o))),
    "raw profile APP1 with XMP": lambda o: png(raw_profile(b"APP1", APP1 + xmp(o))),
    "XMP beside EXIF that does not say": lambda o: png(
        png_chunk(b"eXIf", exif(None)), png_chunk(b"iTXt", XMP_CHUNK + xmp(o))
    ),
    "EXIF beside XMP of another mind": lambda o: png(
        png_chunk(b"eXIf", exif(o)), png_chunk(b"iTXt", XMP_CHUNK + xmp(9 - o))
    ),
    "WebP's EXIF": lambda o: encoded(STORED, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(o)),
    "WebP's XMP": lambda o: encoded(STORED, "WEBP", lossless=True, xmp=xmp(o)),
    "TIFF's own tag": lambda o: tiff_file(STORED.tobytes(), 60, 40, extra=[(274, 3, [o])]),
    "TIFF's XMP": lambda o: encoded(STORED, "TIFF", tiffinfo={700: xmp(o)}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_a_photo_is_upright_and_its_exports_stay_so(tmp_path: Path, place: str, orientation: int) -> None:
    path = tmp_path / "photo"
    path.write_bytes(PLACES[place](orientation))
    photo = open_photo(path)
    assert photo.orientation == orientation
    assert np.array_equal(photo.pixels, turned(STORED, orientation))
    for suffix in (".png", ".tif"):
        target = tmp_path / ("edit" + suffix)
        export_picture(full_raster(photo), target, original=path)
        assert np.array_equal(open_photo(target).pixels, photo.pixels)


@pytest.mark.parametrize("place", ["EXIF", "XMP"])
def test_the_first_view_of_a_large_jpeg_lies_as_the_photo_does(tmp_path: Path, place: str) -> None:
    said = {"exif": b"Exif\0\0" + exif(6)} if place == "EXIF" else {"xmp": xmp(6)}
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(smooth_picture(400, 600), "JPEG", **said))
    view = first_view(path, 100)
    assert view is not None
    assert view.size == (400, 600) == open_photo(path).raster.size


def test_a_lab_photo_is_upright(tmp_path: Path) -> None:
    lab = Image.merge("LAB", [Image.fromarray(STORED[..., channel]) for channel in range(3)])
    path = tmp_path / "photo.tif"
    path.write_bytes(encoded(lab, "TIFF", tiffinfo={274: 6}))
    assert open_photo(path).raster.size == (40, 60)
