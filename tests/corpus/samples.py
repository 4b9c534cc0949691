"""The files that the tests write: what the program claims to read, and each kind of fault that was found."""

import io
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pillow_heif
import pyvips
from PIL import Image

from nti_desktop.photo.colour import srgb_profile
from nti_desktop.photo.orientation import turned, undone
from tests.heif_files import heic
from tests.metadata_files import CAMERA_PACKET, camera_jpeg, exif_block, jpeg_with, resource, segment
from tests.photo.test_carried_along import RESOLUTIONS, TEXTS
from tests.photo.test_photo_colours import broken_curve, stating, with_channels
from tests.photo.test_photo_refused import WHOLE_BUT_RARE
from tests.photo.test_turned_photos import PLACES
from tests.picture_files import encoded, noisy_picture, png_chunk, smooth_picture, tiff_file
from tests.profiles import DISPLAY_P3, LUT_PROFILE, PRO_PHOTO
from tests.raw_files import dng_file, mosaic

PICTURE = smooth_picture(64, 128)  # of whole blocks, which no encoder has to pad
DEEP = (np.linspace(0, 65535, 64 * 128 * 3).reshape(64, 128, 3)).astype(np.uint16)

FORMS = (
    ("jpg", 8), ("png", 8), ("png", 16), ("tif", 8), ("tif", 16), ("webp", 8), ("heic", 8), ("heic", 10), ("avif", 8),
    ("avif", 10),
)  # fmt: skip
PROFILES: Mapping[str, bytes | None] = {"none": None, "p3": DISPLAY_P3, "prophoto": PRO_PHOTO, "table": LUT_PROFILE}
# What exiftool copies from a camera's JPEG.
BLOCKS: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "exif": ("-exif:all", "-makernotes"),
    "xmp": ("-xmp:all",),
    "iptc": ("-iptc:all",),
    "all": ("-all:all",),
}
_TURNED_BY_BOXES = ("heic", "avif")

# Why a file is refused, by its name; all others are opened.
REFUSED = {
    "hdr-by-numbers.png": "HDR",
    "hdr-by-numbers.heic": "HDR",
    "hdr-by-numbers.avif": "HDR",
    "cut-short.dng": "cut short",
    "cut-short.jpg": "cut short",
    "twelve-bits.tif": "12-bit TIFF",
    "measured.tif": "measured values",
    "animated.png": "animated",
    "animated.webp": "animated",
}


def combinations() -> Iterator[tuple[tuple[str, int], str, int, str]]:
    """Choose formats, profiles, orientations and metadata blocks so that any two of them come together in some file."""
    profiles, blocks = list(PROFILES), list(BLOCKS)
    for number, form in enumerate(FORMS):
        for orientation in range(1, 9):
            profile = profiles[(number + orientation) % len(profiles)]
            yield form, profile, orientation, blocks[(2 * number + orientation) % len(blocks)]


def write_combinations(folder: Path) -> int:
    """Write a file of each combination, and the camera's JPEG from which they have their metadata. Return how many
    there are.
    """
    folder.mkdir()
    (folder / "camera.jpeg").write_bytes(camera_jpeg())
    commands: list[str] = []
    for (form, bits), profile, orientation, block in combinations():
        path = folder / f"{form}-{bits}-{profile}-{orientation}-{block}.{form}"
        path.write_bytes(_plain(form, bits, PROFILES[profile], orientation))
        if BLOCKS[block]:
            commands += ["-tagsfromfile", str(folder / "camera.jpeg"), *BLOCKS[block], str(path), "-execute"]
        if form not in _TURNED_BY_BOXES:
            where = "XMP-tiff" if block == "xmp" else "IFD0"
            commands += ["-n", f"-{where}:Orientation={orientation}", str(path), "-execute"]
    common = ["-common_args", "-overwrite_original", "-q", "-q", "-m"]
    subprocess.run(["exiftool", *commands[:-1], *common], check=True, timeout=120)
    return len(list(combinations())) + 1


def _plain(form: str, bits: int, profile: bytes | None, orientation: int) -> bytes:
    """A picture that lies as `orientation` undoes. Only boxes of HEIC and AVIF say so here; a deep AVIF is upright."""
    deep = bits > 8
    picture = turned(DEEP if deep else PICTURE, undone(orientation))
    said = Image.Exif()
    said[0x0112] = orientation
    if form == "heic":
        return heic(picture, exif=said.tobytes(), **({"icc_profile": profile} if profile else {}))
    if form == "avif" and deep:
        return _deep_avif(profile)
    if form == "avif":
        options = {"quality": 100, "subsampling": "4:4:4", "speed": 10, "exif": said.tobytes()}
        return encoded(picture, "AVIF", icc_profile=profile, **options)
    if deep:
        image = pyvips.Image.new_from_array(picture).copy(interpretation="rgb16")
        if profile:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        save = {"png": image.pngsave_buffer, "tif": image.tiffsave_buffer}[form]
        data: bytes = save(keep="icc")
        return data
    name = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP"}[form]
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(name, {})
    return encoded(picture, name, icc_profile=profile, **options)


def _deep_avif(profile: bytes | None) -> bytes:
    image = pyvips.Image.new_from_array(DEEP).copy(interpretation="rgb16")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    data: bytes = image.heifsave_buffer(compression="av1", bitdepth=10, lossless=True, effort=1, keep="icc")
    return data


def write_kinds(folder: Path) -> int:
    """Write a file for each kind of fault that photos of others brought up. Return how many there are."""
    folder.mkdir()
    files = {**_colours(), **_metadata(), **_refused(), **_raws()}
    for place, make in PLACES.items():
        suffix = "webp" if "WebP" in place else "tif" if "TIFF" in place else "png"
        files[f"turned-by-{place.replace(' ', '-')}.{suffix}"] = make(6)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return len(files)


def _colours() -> dict[str, bytes]:
    grey = PICTURE[..., 0]
    padded, short = srgb_profile() + bytes(2), srgb_profile()[:-2]
    return {
        "saved-selection.tif": with_channels(0, kinds=(0,)),
        "saved-selection-behind-alpha.tif": with_channels(51, 0, kinds=(2, 0)),
        "ycbcr.tif": encoded(Image.fromarray(PICTURE).convert("YCbCr"), "TIFF"),
        "grey.jpg": encoded(grey, "JPEG"),
        "grey.png": encoded(grey, "PNG"),
        "grey-deep.png": encoded(DEEP[..., 0], "PNG"),
        "grey-and-alpha.png": encoded(Image.fromarray(grey).convert("LA"), "PNG"),
        "grey-video-range.avif": encoded(grey, "AVIF", range="limited", subsampling="4:0:0", quality=100),
        "grey-whole-range.avif": encoded(grey, "AVIF", range="full", subsampling="4:0:0", quality=100),
        "palette.png": encoded(Image.fromarray(PICTURE).quantize(64), "PNG"),
        "one-bit.png": encoded(Image.fromarray(grey).convert("1"), "PNG"),
        "one-bit.tif": encoded(Image.fromarray(grey).convert("1"), "TIFF", compression="group4"),
        "cmyk.jpg": encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG"),
        "cmyk.tif": encoded(Image.fromarray(PICTURE).convert("CMYK"), "TIFF"),
        "lab.tif": encoded(Image.fromarray(PICTURE).convert("RGB").convert("LAB"), "TIFF"),
        "transparent.png": encoded(np.dstack([PICTURE, np.full((64, 128), 99, np.uint8)]), "PNG"),
        "transparent.webp": encoded(np.dstack([PICTURE, PICTURE[..., 0]]), "WEBP", lossless=True, exact=True),
        "cicp-p3.png": stating("PNG", 12, 13),
        "nclx-5-1.heic": stating("HEIC", 5, 1),
        "nclx-6-6.heic": stating("HEIC", 6, 6),
        "nclx-9-1.avif": stating("AVIF", 9, 1),
        "nclx-1-4.avif": stating("AVIF", 1, 4),
        "nclx-5-1-5.heic": _coded(color_primaries=5, transfer_characteristics=1, matrix_coefficients=5),
        "profile-padded.jpg": encoded(PICTURE, "JPEG", icc_profile=padded),
        "profile-short.jpg": encoded(PICTURE, "JPEG", icc_profile=short),
        "profile-padded.png": encoded(PICTURE, "PNG", icc_profile=padded),
        "profile-unlinked.jpg": encoded(PICTURE, "JPEG", icc_profile=broken_curve(srgb_profile())),
        "noise.jpg": encoded(noisy_picture(), "JPEG", quality=95),
        "noise-coarse-colours.jpg": encoded(smooth_picture(63, 61), "JPEG", quality=90, subsampling=2),
        "progressive.jpg": encoded(PICTURE, "JPEG", progressive=True),
        "interlaced.png": bytes(pyvips.Image.new_from_array(PICTURE).pngsave_buffer(interlace=True)),
        "lossy.webp": encoded(PICTURE, "WEBP", quality=90),
    }


def _coded(**numbers: int) -> bytes:
    buffer = io.BytesIO()
    image = pillow_heif.from_pillow(Image.fromarray(PICTURE))
    image.save(buffer, quality=95, chroma=444, full_range_flag=1, save_nclx_profile=True, **numbers)
    return buffer.getvalue()


def _metadata() -> dict[str, bytes]:
    long_note = exif_block(orientation=1) + b"x" * 100_000
    png = encoded(PICTURE, "PNG")
    suffixes = {"EXIF in a PNG": "png", "TIFF": "tif"}
    resolutions = {
        f"resolution-{number}.{suffixes.get(name, 'png' if 'pHYs' in name else 'jpg')}": data
        for number, (name, data) in enumerate(RESOLUTIONS.items())
    }
    gps = b"\0\0\0\1" + bytes(12)
    return {
        **resolutions,
        "texts.png": TEXTS,
        "long-exif.png": png[:33] + png_chunk(b"eXIf", long_note) + png[33:],
        "comment.jpg": encoded(PICTURE, "JPEG", comment=b"A comment"),
        "camera.jpg": camera_jpeg(),
        "camera-other-order.jpg": camera_jpeg(">"),
        "camera-text.png": png[:33] + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + CAMERA_PACKET) + png[33:],
        "gain-map.jpg": jpeg_with([segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))]),
        "further-picture.jpg": encoded(PICTURE, "JPEG") + encoded(PICTURE, "JPEG"),
        "film-behind.jpg": encoded(PICTURE, "JPEG") + b"\0\0\0\x10ftypmp42\0\0\0\0",
        "tail-of-a-program.jpg": encoded(PICTURE, "JPEG") + b"AXS!" + bytes(20) + b"AXS*",
        "block-of-a-camera.jpg": jpeg_with([segment(0xE6, b"GoPro\0DEVC" + gps)]),
        "settings-of-photoshop.jpg": jpeg_with(
            [segment(0xED, b"Photoshop 3.0\0" + resource(0x040A, b"\1") + resource(0x040D, b"\0\0\0\x1e"))]
        ),
        "on-earth.tif": tiff_file(PICTURE.tobytes(), 128, 64, extra=[(34735, 3, [1, 1, 0, 1, 1024, 0, 1, 2])]),
        "further-page.tif": encoded(PICTURE, "TIFF", save_all=True, append_images=[Image.fromarray(PICTURE)]),
    }


def _refused() -> dict[str, bytes]:
    more = {"save_all": True, "append_images": [Image.fromarray(PICTURE[::-1].copy())]}
    jpeg = encoded(noisy_picture(), "JPEG")
    return {
        "hdr-by-numbers.png": stating("PNG", 9, 16),
        "hdr-by-numbers.heic": stating("HEIC", 9, 18),
        "hdr-by-numbers.avif": stating("AVIF", 9, 16),
        "cut-short.jpg": jpeg[: len(jpeg) // 2],
        "twelve-bits.tif": WHOLE_BUT_RARE["12-bit RGB"],
        "measured.tif": encoded(Image.fromarray(PICTURE[..., 0].astype(np.float32)), "TIFF"),
        "animated.png": encoded(PICTURE, "PNG", **more),
        "animated.webp": encoded(PICTURE, "WEBP", **more),
    }


def _raws() -> dict[str, bytes]:
    light = np.linspace(0, 1, 64 * 96 * 3).reshape(64, 96, 3)
    whole = dng_file(mosaic(light), orientation=6, preview=encoded(smooth_picture(16, 16), "JPEG"))
    return {"whole.dng": whole, "cut-short.dng": whole[: len(whole) // 2]}
