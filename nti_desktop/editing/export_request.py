"""The request for an export, and its memory until the next one."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import TEMPLATE, Conflict, name_from


@dataclass(frozen=True)
class ExportRequest:
    """folder: None beside the photo; template: of the name, see `name_from`; suffix: with its dot, names the format."""

    folder: Path | None = None
    template: str = TEMPLATE
    suffix: str = ".jpg"
    conflict: Conflict = Conflict.UNIQUE
    settings: ExportSettings = field(default_factory=ExportSettings)

    def target(self, photo: Path, version: str) -> Path:
        """Name the file it becomes; PhotoError for a template that makes no name."""
        return (self.folder or photo.parent) / f"{file_name(self.template, photo, version)}{self.suffix}"


def file_name(template: str, photo: Path, version: str) -> str:
    """The name that a template makes today, without an ending; PhotoError where it makes none. version: its name."""
    return name_from(template, {"photo": photo.stem, "version": version, "date": date.today().isoformat()})


def to_json(request: ExportRequest) -> str:
    """To be remembered; the folder is not, photos lie in many."""
    return json.dumps(asdict(replace(request, folder=None)))


def from_json(text: str) -> ExportRequest:
    """Read what `to_json` wrote; the usual request for anything else."""
    try:
        stored = json.loads(text)
        settings = ExportSettings(**stored.pop("settings"))
        return ExportRequest(**{**stored, "conflict": Conflict(stored["conflict"])}, settings=settings)
    except (AttributeError, KeyError, TypeError, ValueError, PhotoError):
        return ExportRequest()
