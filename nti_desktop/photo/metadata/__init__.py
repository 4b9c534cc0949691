"""What a photo's file says beside its pixels: read, made true for an edit, and written as bytes."""

from nti_desktop.photo.metadata.blocks import LeftOut, Metadata
from nti_desktop.photo.metadata.exif_from_tiff import shortened_exif
from nti_desktop.photo.metadata.exif_statements import TEXTS_IN_EXIF
from nti_desktop.photo.metadata.exporting import for_export, orientation_of, without_orientation
from nti_desktop.photo.metadata.left_out import left_out, left_out_of_heif
from nti_desktop.photo.metadata.raw_metadata import left_out_of_raw, read_raw_metadata
from nti_desktop.photo.metadata.reading import read_metadata
from nti_desktop.photo.metadata.writing import COMMENT, MOST_EXIF_OF_JPEG, png_chunk, with_metadata

__all__ = [
    "COMMENT",
    "MOST_EXIF_OF_JPEG",
    "TEXTS_IN_EXIF",
    "LeftOut",
    "Metadata",
    "for_export",
    "left_out",
    "left_out_of_heif",
    "left_out_of_raw",
    "orientation_of",
    "png_chunk",
    "read_metadata",
    "read_raw_metadata",
    "shortened_exif",
    "with_metadata",
    "without_orientation",
]
