"""What the window remembers between two starts."""

from hashlib import sha256
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from nti_desktop.editing.export_request import ExportRequest, from_json, to_json
from nti_desktop.recipe.methods import Method

_METHODS = "methods/"


def _settings() -> QSettings:
    folder = platformdirs.user_config_path("nti-desktop", appauthor=False)
    return QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)


def window_geometry() -> QByteArray | None:
    """Read where the window was, as Qt wrote it."""
    stored = _settings().value("window/geometry")
    return stored if isinstance(stored, QByteArray) else None


def remember_window_geometry(geometry: QByteArray) -> None:
    """Keep where the window lies."""
    _settings().setValue("window/geometry", geometry)


def device() -> str | None:
    """The kind of device that is to compute; None for the best one."""
    stored = _settings().value("engine/device", "")
    return stored if isinstance(stored, str) and stored else None


def remember_device(kind: str | None) -> None:
    """Keep which kind of device computes, None for the best one."""
    _settings().setValue("engine/device", kind or "")


def saves_after() -> int | None:
    """Read how long after a change projects are saved, in milliseconds, 0 for on closing only; None where nothing was
    chosen.
    """
    stored = str(_settings().value("saving/after", ""))
    return int(stored) if stored.isdecimal() else None


def remember_saves_after(milliseconds: int) -> None:
    """Keep how long after a change projects are saved, see `saves_after`."""
    _settings().setValue("saving/after", milliseconds)


def method(model: str) -> Method | None:
    """Read how photos are prepared with the model of this id; None where nothing was chosen."""
    stored = _settings().value(_METHODS + _key(model), "")
    return Method(stored) if isinstance(stored, str) and stored in set(Method) else None


def remember_method(model: str, method: Method | None) -> None:
    """None for what is best on the model."""
    _settings().setValue(_METHODS + _key(model), method or "")


def _key(model: str) -> str:
    """A path holds what separates groups of settings."""
    return sha256(model.encode(errors="surrogateescape")).hexdigest()[:16]


def last_folder() -> str:
    """Read where the last photo was opened from."""
    stored = _settings().value("folders/photos", "")
    return stored if isinstance(stored, str) else ""


def remember_folder(folder: Path) -> None:
    """Keep where photos were opened last."""
    _settings().setValue("folders/photos", str(folder))


def export_request() -> ExportRequest:
    """Read how the last export was asked for."""
    stored = _settings().value("export/last", "")
    return from_json(stored if isinstance(stored, str) else "")


def remember_export_request(request: ExportRequest) -> None:
    """Keep how the last picture was exported."""
    _settings().setValue("export/last", to_json(request))


def screen_profile() -> Path | None:
    """The file of the screen's profile that the user chose; None for what the system says."""
    stored = _settings().value("screen/profile", "")
    return Path(stored) if isinstance(stored, str) and stored else None


def remember_screen_profile(path: Path | None) -> None:
    """Keep which profile the screen has, None for what the system says."""
    _settings().setValue("screen/profile", str(path) if path else "")
