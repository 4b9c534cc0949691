"""The models this program can use: the built-in one and folders in the diffusers layout. Nothing here loads weights.

A folder is somebody else's: its JSON is read with types and ranges checked, its weights must be safetensors.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from nti_desktop.errors import ModelError
from nti_desktop.models.layout import check_layout, needed_files
from nti_desktop.models.words import read_words
from nti_desktop.recipe.settings import EditDefaults, Method
from nti_desktop.resources import resource

BUILT_IN_ID = "studio"


@dataclass(frozen=True)
class ModelEntry:
    """One model. id: "studio" or the folder's absolute path; native_size: side in pixels of the square it was trained
    on; multiple: sides of a picture must be multiples of this many pixels; words: all it was trained on, in lower case,
    or None when the folder does not say.
    """

    id: str
    name: str
    folder: Path
    defaults: EditDefaults
    native_size: int
    multiple: int
    licence: str
    built_in: bool
    words: frozenset[str] | None


# What measures best on these weights; word masks overlap best on the 16x16 grid, held tight. See the model card.
STUDIO_DEFAULTS = EditDefaults(
    method=Method.RESIDUAL,
    steps=12,
    guidance_scale=1.5,
    cross_until=0.4,
    self_until=0.2,
    self_limit=1.0,
    blend_positions=200,
    blend_threshold=0.8,
    preview_steps=2,
)


def built_in() -> ModelEntry:
    """The Studio model. Raises ModelError when the program's own files are damaged."""
    folder = resource("models", "studio")
    layout = check_layout(folder)
    return ModelEntry(
        id=BUILT_IN_ID,
        name="Studio (built in)",
        folder=folder,
        defaults=STUDIO_DEFAULTS,
        native_size=layout.native_size,
        multiple=layout.multiple,
        licence="Apache-2.0",
        built_in=True,
        words=read_words(folder),
    )


def models_folder() -> Path:
    """The user's own folder of models; it need not exist."""
    return platformdirs.user_data_path("nti-desktop", appauthor=False) / "models"


def installed() -> tuple[ModelEntry, ...]:
    """The built-in model and every usable folder in `models_folder`; `find_model` says what is wrong with another."""
    entries = [built_in()]
    folder = models_folder()
    for candidate in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            entries.append(_from_folder(candidate))
        except ModelError:
            continue
    return tuple(entries)


def find_model(id_or_folder: str) -> ModelEntry:
    """The model of this id, or the one in this diffusers folder.

    Raises ModelError in one sentence when there is none or it cannot be used.
    """
    if id_or_folder == BUILT_IN_ID:
        return built_in()
    if not id_or_folder.strip():
        raise ModelError("No model is named; choose one or give the path of a model folder.")
    return _from_folder(Path(os.path.expanduser(id_or_folder)))


def _from_folder(folder: Path) -> ModelEntry:
    layout = check_layout(folder)
    folder = folder.resolve()
    return ModelEntry(
        id=str(folder),
        name=folder.name,
        folder=folder,
        defaults=EditDefaults(),
        native_size=layout.native_size,
        multiple=layout.multiple,
        licence="see the model's own terms",
        built_in=False,
        words=read_words(folder),
    )


def fingerprint(entry: ModelEntry) -> str:
    """SHA-256 in hex over the sorted relative names and contents of the weights, configs and tokenizer.

    Reads every byte once; again only after a file's size or time has changed. Raises ModelError like `find_model`.
    """
    try:
        stats = [(path, path.stat()) for path in needed_files(entry.folder)]
        return _digest(entry.folder, tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))
    except OSError as error:
        raise ModelError(f"The model in “{entry.folder.name}” cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=16)
def _digest(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    """files: path, size in bytes and time of change of each."""
    digest = hashlib.sha256()
    for path, size, _ in sorted(files, key=lambda entry: entry[0].relative_to(folder).as_posix()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
