"""The metadata of a photo, made true for an edit of it."""

from dataclasses import replace

from nti_desktop.photo.metadata.blocks import Metadata
from nti_desktop.photo.metadata.exif import exif_orientation, exif_without_orientation, patched_exif, stated_size
from nti_desktop.photo.metadata.exif_statements import UNKNOWN_RESOLUTION, resolution_of, with_statements
from nti_desktop.photo.metadata.iptc import patched_iptc
from nti_desktop.photo.metadata.xmp_export import patched_xmp, xmp_orientation
from nti_desktop.photo.orientation import swaps_sides


def orientation_of(metadata: Metadata) -> int:
    """Decide how the stored picture is turned, 1 to 8 as in EXIF's tag 0x0112: as EXIF says, else XMP, else not at all.

    This is the one decision for all formats but HEIC and AVIF, whose containers turn the picture, and raw.
    """
    return exif_orientation(metadata.exif) or xmp_orientation(metadata.xmp) or 1


def without_orientation(metadata: Metadata) -> Metadata:
    """The same without EXIF's tag 0x0112, for AVIF, where boxes of the container turn the picture.

    Pillow's AVIF writer takes a block without the tag as it is; one with the tag it writes anew, and that breaks maker
    notes.
    """
    return replace(metadata, exif=exif_without_orientation(metadata.exif))


def for_export(
    metadata: Metadata,
    size: tuple[int, int],
    *,
    location: bool = True,
    program: str | None,
    prompt: str | None = None,
    srgb: bool = True,
) -> Metadata:
    """The metadata for an edited, upright picture of size (width, height) in pixels.

    location: whether the places that the photo names go along; program: its name and version, as the AI system used,
    None where nothing was edited; prompt: what the model was asked for, left unsaid with None; srgb: whether
    its colours are sRGB's. EXIF and IPTC are made
    of nothing but what was there, in some block or beside it; an XMP packet is made where there was none, to say that
    a model took part.
    """
    in_exif = resolution_of(metadata.exif)
    is_known = in_exif not in (None, UNKNOWN_RESOLUTION)
    resolution = in_exif if is_known else metadata.resolution or in_exif
    orientation = orientation_of(metadata)
    turned = orientation != 1
    moved = turned or stated_size(metadata.exif) != size
    swaps = swaps_sides(orientation) and resolution is not None and resolution[0] != resolution[1]
    if swaps and resolution:
        resolution = resolution[::-1]
    said = replace(metadata, resolution=resolution)
    return Metadata(
        with_statements(
            patched_exif(metadata.exif, size, location=location, swap_resolutions=swaps, moved=moved, srgb=srgb),
            said,
        ),
        patched_xmp(
            metadata.xmp,
            size,
            location=location,
            program=program,
            prompt=prompt,
            turned=turned,
            moved=moved,
            srgb=srgb,
        ),
        patched_iptc(metadata.iptc, location=location),
        resolution,
        metadata.texts,
    )
