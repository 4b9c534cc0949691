"""Write a finished picture as a file of its own; the photo it was made from is never written to."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from nti_desktop.errors import PhotoError
from nti_desktop.photo.colour import srgb_profile, vips_image, with_profile
from nti_desktop.photo.raster import Raster, to_eight_bits

_KINDS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP"}
_SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp"}  # libvips chooses the writer by it
_EIGHT_BITS = {"JPEG", "WEBP"}
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # libjpeg's and WebP's own limits

_DISK_ERRORS: Mapping[int, str] = {
    errno.ENOSPC: "The disk is full, so “{name}” was not written; make room or choose another folder.",
    errno.EDQUOT: "Your share of the disk is full, so “{name}” was not written; make room or choose another folder.",
    errno.EFBIG: "“{name}” would be too large for this disk; choose another folder or a smaller format.",
    errno.EACCES: "“{folder}” may not be written to; choose another folder.",
    errno.EPERM: "“{folder}” may not be written to; choose another folder.",
    errno.EROFS: "“{folder}” lies on a disk that cannot be written to; choose another folder.",
    errno.ENAMETOOLONG: "The name “{name}” is too long for this disk; choose a shorter one.",
}


def export_picture(
    picture: Raster, target: Path, *, original: Path, overwrite: bool = False, quality: int = 95
) -> Path:
    """Write a picture in the format its suffix names, whole or not at all, and return where it is.

    PNG and TIFF keep every pixel at its bit depth, JPEG and WebP have 8 bits; all keep the colours and their profile.
    original: the photo, which is refused as a target under any name; overwrite: whether
    another existing file may be replaced; quality: of JPEG and WebP, 1 to 100.
    Raises PhotoError with one sentence; what was at `target` before is then still there.
    """
    kind = _kind(target)
    longest = _LONGEST_SIDE.get(kind)
    if longest is not None and max(picture.size) > longest:
        raise PhotoError(f"A {kind} picture has at most {longest} pixels a side; export as .png or .tif instead.")
    check_target(target, original=original, overwrite=overwrite)
    with _disk_errors_said(target):
        _write_whole(_encoded(picture, kind, quality), target)
    return target


def check_target(target: Path, *, original: Path, overwrite: bool = False) -> None:
    """Raises PhotoError where `export_picture` would refuse this name, so that nobody renders for nothing."""
    _kind(target)
    with _disk_errors_said(target):
        if _is_same_file(target, original):
            raise PhotoError(f"“{target.name}” is the photo itself, which stays as it is; choose another name.")
        if not target.absolute().parent.is_dir():
            raise PhotoError(
                f"The folder “{target.absolute().parent}” does not exist; make it first or choose another."
            )
        if target.is_dir():
            raise PhotoError(f"“{target.name}” is a folder; choose another name.")
        if os.path.lexists(target) and not overwrite:
            raise PhotoError(f"“{target.name}” exists already; choose another name or allow it to be replaced.")


def _kind(target: Path) -> str:
    kind = _KINDS.get(target.suffix.lower())
    if kind is None:
        raise PhotoError(f"“{target.name}” needs one of the endings .jpg, .png, .tif or .webp; add one to its name.")
    return kind


@contextlib.contextmanager
def _disk_errors_said(target: Path) -> Iterator[None]:
    """Every failure of the disk becomes a sentence."""
    try:
        yield
    except OSError as error:
        sentence = _DISK_ERRORS.get(error.errno or 0)
        if sentence is None:
            why = error.strerror or str(error)
            raise PhotoError(f"“{target.name}” could not be written ({why}); try another folder.") from error
        folder = target.absolute().parent
        raise PhotoError(sentence.format(name=target.name, folder=folder.name or folder)) from error


def _is_same_file(target: Path, original: Path) -> bool:
    """Whether writing to target would touch the original, on this disk or, where case is told apart, on the next."""
    if target.exists() and original.exists() and target.samefile(original):
        return True
    one, other = Path(os.path.realpath(target)), Path(os.path.realpath(original))
    return one.name.casefold() == other.name.casefold() and one.parent == other.parent


def _encoded(picture: Raster, kind: str, quality: int) -> bytes:
    options: dict[str, dict[str, int | str]] = {
        "JPEG": {"Q": quality, "subsample_mode": "off"},
        "PNG": {},
        "TIFF": {"compression": "deflate", "predictor": "horizontal"},
        "WEBP": {"Q": quality},
    }
    if kind in _EIGHT_BITS:
        picture = Raster(to_eight_bits(picture.pixels), picture.profile)
    image = with_profile(vips_image(picture), picture.profile or srgb_profile())
    data: bytes = image.write_to_buffer(_SUFFIX[kind], **options[kind])
    return data


def _write_whole(data: bytes, target: Path) -> None:
    """Write beside the target, then put it in its place; nothing is left behind when that fails."""
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the picture is in its place; some disks cannot sync a folder
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder last through a power cut."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
