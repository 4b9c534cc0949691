"""What a photo's file says beside its pixels: read, made true for an edit, and written as bytes."""

from nti_desktop.photo.metadata.blocks import LeftOut, Metadata
from nti_desktop.photo.metadata.exporting import for_export, orientation_of, without_orientation
from nti_desktop.photo.metadata.left_out import left_out
from nti_desktop.photo.metadata.reading import read_metadata
from nti_desktop.photo.metadata.writing import MOST_EXIF_OF_JPEG, with_metadata

__all__ = [
    "MOST_EXIF_OF_JPEG",
    "LeftOut",
    "Metadata",
    "for_export",
    "left_out",
    "orientation_of",
    "read_metadata",
    "with_metadata",
    "without_orientation",
]
