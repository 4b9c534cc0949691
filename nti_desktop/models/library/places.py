"""Where models lie: the store, what the user added by path, and what was put out of sight. One small file says so,
and the window and the command line share it.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import platformdirs

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import ModelError, RecipeError
from nti_desktop.core.lock import alone_in
from nti_desktop.recipe.parameters import ADDITION

T = TypeVar("T")
LARGEST_FILE = 1 << 20  # bytes; a thousand long paths fit
MOST_PATHS = 1000
# The models that come with the program, by their ids, as it may lie anywhere.
BUILT_IN_IDS = STUDIO, STUDIO_ORDERS = ("studio", "studio-orders")


@dataclass(frozen=True)
class Given:
    """A file that is added to a model. weight: of a LoRA, see parameters.ADDITION."""

    file: Path
    weight: float = ADDITION.usual


@dataclass(frozen=True)
class Places:
    """store: where downloads go and where models are found by themselves; added: model folders and files elsewhere;
    forgotten: found ones that are not to be listed; autoencoders: models and the file or folder of the autoencoder that
    each is used with in place of its own; additions: models, by path or by the id of a built-in one, and what each is
    given; fault: what is wrong with the file
    that says so, one sentence.
    """

    store: Path
    added: tuple[Path, ...] = ()
    forgotten: tuple[Path, ...] = ()
    autoencoders: tuple[tuple[Path, Path], ...] = ()
    additions: tuple[tuple[Path, tuple[Given, ...]], ...] = ()
    fault: str | None = None

    def with_added(self, path: Path, autoencoder: Path | None = None) -> "Places":
        """With a model that is used where it lies, and with this autoencoder, its own for None."""
        return replace(
            self,
            added=(*(p for p in self.added if p != path), path),
            forgotten=tuple(p for p in self.forgotten if p != path),
            autoencoders=(
                *_others(self.autoencoders, path),
                *(() if autoencoder is None else ((path, autoencoder),)),
            ),
        )

    def without(self, path: Path) -> "Places":
        """No longer listed, wherever it was found, and by however many ways."""
        return replace(self.with_deleted(path), forgotten=(*(p for p in self.forgotten if p != path), path))

    def with_deleted(self, path: Path) -> "Places":
        """With nothing said of a model that is gone; one that comes to this place again is found again."""
        added = tuple(p for p in self.added if p != path)
        return replace(self.with_given(path, ()), added=added, autoencoders=_others(self.autoencoders, path))

    def autoencoder_of(self, path: Path) -> Path | None:
        """Say where the autoencoder lies that a model is used with; None for its own."""
        return _said(self.autoencoders, path)

    def given(self, path: Path) -> tuple[Given, ...]:
        """Say what a model is given."""
        return _said(self.additions, path) or ()

    def with_given(self, path: Path, given: tuple[Given, ...]) -> "Places":
        """With these additions to a model in place of those before."""
        others = _others(self.additions, path)
        return replace(self, additions=(*others, (path, given)) if given else others)


def places_file() -> Path:
    """Name the file in which it is kept which folders hold models."""
    return platformdirs.user_config_path("nti-desktop", appauthor=False) / "models.json"


def default_store() -> Path:
    """Name the folder that downloads go to unless another was chosen."""
    return platformdirs.user_data_path("nti-desktop", appauthor=False) / "models"


def read_places() -> Places:
    """Read where models lie. Never fails, and changes nothing: what is wrong with the file is said in `fault`."""
    path = places_file()
    try:
        if not path.exists():
            return Places(default_store())
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError("far too large")
        return _understood(disk.read_bytes(path))
    except OSError as error:
        fault = f"“{path}”, which says where models lie, cannot be read ({error.strerror}); make it readable."
    except (ValueError, TypeError, AttributeError, RecursionError, RecipeError):
        fault = (
            f"“{path}”, which says where models lie, is damaged; choose the models folder again, and the damaged file "
            "is kept beside the new one."
        )
    return Places(default_store(), fault=fault)


def write_places(places: Places) -> None:
    """Write the file whole or not at all; one that could not be understood is set aside first.

    Raises ModelError in one sentence when the file cannot be written, or could not be read again.
    """
    path = places_file()
    content = {
        "store": None if places.store == default_store() else str(places.store),
        "added": [str(p) for p in places.added],
        "forgotten": [str(p) for p in places.forgotten],
        "autoencoders": {str(model): str(autoencoder) for model, autoencoder in places.autoencoders},
        "additions": {str(model): [[str(g.file), g.weight] for g in given] for model, given in places.additions},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps(content, indent=1, ensure_ascii=False).encode()
        _understood(data)
        with atomic.write_beside(path, [data], like=path) as temporary:
            if read_places().fault:
                path.replace(_aside(path))
            atomic.replace(temporary, path)
    except (OSError, UnicodeError) as error:  # a path that is no text cannot be written as one
        reason = error.strerror if isinstance(error, OSError) else "a path in it cannot be written as text"
        raise ModelError(f"“{path}” cannot be written ({reason}), so nothing was changed.") from error
    except (ValueError, RecipeError) as error:
        raise ModelError(
            f"“{path}” would list more than can be read again, so nothing was changed; take something else away first."
        ) from error


def change_places(change: Callable[[Places], Places]) -> None:
    """Write what becomes of what is written by then, while no other window and no other thread changes it.

    Raises ModelError as `write_places` does, or where another one takes too long; or what `change` raises.
    """
    path = places_file()
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(alone_in(path.parent))
        except OSError as error:
            raise ModelError(f"“{path}” cannot be written ({error.strerror}), so nothing was changed.") from error
        write_places(change(read_places()))


def move_store(store: Path) -> Places:
    """From now on downloads go here; the folder is made, and what is in the one before stays there.

    Raises ModelError in one sentence, and nothing has changed.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"“{store}” cannot be made a folder ({error.strerror}); choose another.") from error
    change_places(lambda now: replace(now, store=store))
    return read_places()


def store_fault(places: Places) -> str | None:
    """Say in one sentence what is wrong with the store; None when it is there, or the first download would make it."""
    try:
        if places.store.is_dir():
            os.listdir(places.store)
        elif places.store != default_store():
            return f"The models folder “{places.store}” is not there; plug in its drive, or choose another folder."
        elif places.store.exists():
            return f"“{places.store}” is a file where the models folder should be; move it away."
    except OSError as error:
        return f"The models folder “{places.store}” cannot be read ({error.strerror}); check its drive."
    return None


def _said(pairs: Sequence[tuple[Path, T]], path: Path) -> T | None:
    """Look up what is said of a model by its path, else by another one that leads to the same place."""
    exact = [value for model, value in pairs if model == path]
    return next(iter(exact or [value for model, value in pairs if _is_same(model, path)]), None)


def _others(pairs: Sequence[tuple[Path, T]], path: Path) -> tuple[tuple[Path, T], ...]:
    return tuple(pair for pair in pairs if not _is_same(pair[0], path))


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to the same place; an id leads nowhere."""
    if one == other or not (one.is_absolute() and other.is_absolute()):
        return one == other
    return os.path.realpath(one) == os.path.realpath(other)


def _understood(data: bytes) -> Places:
    """Read the file's content. Raises ValueError, TypeError, AttributeError, RecursionError or RecipeError."""
    if len(data) > LARGEST_FILE:
        raise ValueError("far too large")
    content = json.loads(data.decode())
    store = content.get("store")
    return Places(
        default_store() if store is None else _absolute(store),
        _paths(content.get("added", [])),
        _paths(content.get("forgotten", [])),
        _pairs(content.get("autoencoders", {})),
        _additions(content.get("additions", {})),
    )


def _aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _paths(value: object) -> tuple[Path, ...]:
    if not isinstance(value, list) or len(value) > MOST_PATHS:
        raise ValueError("not a list of paths")
    return tuple(dict.fromkeys(_absolute(entry) for entry in value))


def _pairs(value: object) -> tuple[tuple[Path, Path], ...]:
    if not isinstance(value, dict) or len(value) > MOST_PATHS:
        raise ValueError("not paths by paths")
    return tuple((_absolute(model), _absolute(autoencoder)) for model, autoencoder in value.items())


def _additions(value: object) -> tuple[tuple[Path, tuple[Given, ...]], ...]:
    if not isinstance(value, dict) or len(value) > MOST_PATHS:
        raise ValueError("not additions by paths")
    return tuple((_model(model), tuple(map(_given, _pieces(given)))) for model, given in value.items())


def _model(value: str) -> Path:
    """Read which model is given something: one that lies there, or a built-in one by its id."""
    return Path(value) if value in BUILT_IN_IDS else _absolute(value)


def _given(value: object) -> Given:
    file, weight = _pieces(value)
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise ValueError("not a weight")
    ADDITION.check(weight)
    return Given(_absolute(file), float(weight))


def _pieces(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > MOST_PATHS:
        raise ValueError("not a list")
    return value


def _absolute(value: object) -> Path:
    if not isinstance(value, str) or "\0" in value or not Path(value).is_absolute():
        raise ValueError("not an absolute path")
    return Path(value)
