"""What a decoder's failure means for whoever wanted to see the picture."""

from pathlib import Path

from nti_desktop.core.errors import PhotoError

# Words of libvips, libtiff, libjpeg and libheif.
_RARE = (
    "unsupported",
    "not supported",
    "not configured",
    "not implemented",
    "not a whole number of bytes",
    "out of range",
    "different chroma format",
)
_BEYOND_A_LIMIT = ("security limit",)
_NO_MEMORY = ("out of memory", "unable to allocate")


def failure(path: Path, error: Exception) -> PhotoError:
    """Say in one sentence why a picture could not be decoded: memory, a limit, a rare kind or damage.

    A file is called damaged only where the decoder knew its kind and could not go on.
    """
    said = str(error).lower()
    if any(words in said for words in _BEYOND_A_LIMIT):
        return PhotoError(
            f"“{path.name}” is larger than what decodes this kind of picture takes; save it as JPEG, PNG or TIFF."
        )
    if isinstance(error, MemoryError) or any(words in said for words in _NO_MEMORY):
        return PhotoError(f"“{path.name}” is too large for this computer's memory; close other programs.")
    if any(words in said for words in _RARE):
        return rare_kind(path)
    return damaged(path)


def rare_kind(path: Path) -> PhotoError:
    """The sentence for a picture that is whole as far as is known, in a form that nothing here decodes."""
    return PhotoError(
        f"“{path.name}” is stored in a rare way that this program cannot read; "
        "save it as an ordinary JPEG, PNG or TIFF of 8 or 16 bits a channel."
    )


def damaged(path: Path) -> PhotoError:
    """The sentence for a picture that ends too early or makes no sense."""
    return PhotoError(f"“{path.name}” is cut short or damaged; copy it again from where it came from.")
