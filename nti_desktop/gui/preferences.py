"""What the window remembers between two starts. Nobody waits until it is written."""

import threading
import time
from hashlib import sha256
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from nti_desktop.core.aside import Aside
from nti_desktop.editing.export_request import ExportRequest, from_json, to_json
from nti_desktop.recipe.methods import Method

_METHODS = "methods/"
_PATIENCE = 1.0  # seconds
_DIGITS = 9  # of a number of milliseconds that a timer can wait
_unwritten: dict[tuple[Path, str], object] = {}  # by file and name
_unwritten_lock = threading.Lock()  # held for a moment
_writing = threading.Lock()


def _file() -> Path:
    return platformdirs.user_config_path("nti-desktop", appauthor=False) / "window.ini"


def _settings(file: Path) -> QSettings:
    return QSettings(str(file), QSettings.Format.IniFormat)


def _read(name: str, usual: object = None) -> object:
    file = _file()
    with _unwritten_lock:
        if (file, name) in _unwritten:
            return _unwritten[file, name]
    return _settings(file).value(name, usual)


def _remember(name: str, value: object) -> None:
    """Write it on a thread of its own, as it is flushed to a drive that may be slow."""
    file = _file()
    with _unwritten_lock:
        _unwritten[file, name] = value
    Aside(lambda: _write(file), "preferences").start()


def _write(file: Path) -> None:
    with _writing:
        with _unwritten_lock:
            taken = {key: value for key, value in _unwritten.items() if key[0] == file}
        settings = _settings(file)
        for (_, name), value in taken.items():
            settings.setValue(name, value)
        settings.sync()
        with _unwritten_lock:
            for key, value in taken.items():
                if _unwritten[key] is value:  # else the next one writes it
                    del _unwritten[key]


def settle() -> None:
    """Wait a moment until everything is written, before the program ends."""
    end = time.monotonic() + _PATIENCE
    while _unwritten and time.monotonic() < end:
        time.sleep(0.01)


def window_geometry() -> QByteArray | None:
    """Read where the window was, as Qt wrote it."""
    stored = _read("window/geometry")
    return stored if isinstance(stored, QByteArray) else None


def remember_window_geometry(geometry: QByteArray) -> None:
    """Keep where the window lies."""
    _remember("window/geometry", geometry)


def device() -> str | None:
    """The kind of device that is to compute; None for the best one."""
    stored = _read("engine/device", "")
    return stored if isinstance(stored, str) and stored else None


def remember_device(kind: str | None) -> None:
    """Keep which kind of device computes, None for the best one."""
    _remember("engine/device", kind or "")


def saves_after() -> int | None:
    """Read how long after a change projects are saved, in milliseconds, 0 for on closing only; None where nothing was
    chosen.
    """
    stored = str(_read("saving/after", ""))
    return int(stored) if stored.isdecimal() and len(stored) <= _DIGITS else None


def remember_saves_after(milliseconds: int) -> None:
    """Keep how long after a change projects are saved, see `saves_after`."""
    _remember("saving/after", milliseconds)


def last_model() -> str | None:
    """The id of the model that was worked with last; None before any was chosen."""
    stored = _read("models/last", "")
    return stored if isinstance(stored, str) and stored else None


def remember_model(id: str) -> None:
    """Keep which model is worked with."""
    _remember("models/last", id)


def method(model: str) -> Method | None:
    """Read how photos are prepared with the model of this id; None where nothing was chosen."""
    stored = _read(_METHODS + _key(model), "")
    return Method(stored) if isinstance(stored, str) and stored in set(Method) else None


def remember_method(model: str, method: Method | None) -> None:
    """None for what is best on the model."""
    _remember(_METHODS + _key(model), method or "")


def _key(model: str) -> str:
    """A path holds what separates groups of settings."""
    return sha256(model.encode(errors="surrogateescape")).hexdigest()[:16]


def last_folder() -> str:
    """Read where the last photo was opened from."""
    stored = _read("folders/photos", "")
    return stored if isinstance(stored, str) else ""


def remember_folder(folder: Path) -> None:
    """Keep where photos were opened last."""
    _remember("folders/photos", str(folder))


def export_request() -> ExportRequest:
    """Read how the last export was asked for."""
    stored = _read("export/last", "")
    return from_json(stored if isinstance(stored, str) else "")


def remember_export_request(request: ExportRequest) -> None:
    """Keep how the last picture was exported."""
    _remember("export/last", to_json(request))


def screen_profile() -> Path | None:
    """The file of the screen's profile that the user chose; None for what the system says."""
    stored = _read("screen/profile", "")
    return Path(stored) if isinstance(stored, str) and stored else None


def remember_screen_profile(path: Path | None) -> None:
    """Keep which profile the screen has, None for what the system says."""
    _remember("screen/profile", str(path) if path else "")
