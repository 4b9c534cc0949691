"""Reads every byte of a model again: is it what was published, or what was downloaded, or at least whole?"""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.models.formats.weights import open_weights
from nti_desktop.models.hub.offers import offers
from nti_desktop.models.library.catalog import name_of
from nti_desktop.models.library.records import Meter, RecordedFile, files_of, read_record, sha256, size_of


@dataclass(frozen=True)
class Verdict:
    """well: nothing is wrong; sentence: what was compared, or what is wrong; files: as they are on the disk."""

    well: bool
    sentence: str
    files: tuple[RecordedFile, ...]


def verify(model: Path, report: Report, cancel: CancelToken) -> Verdict:
    """Compare with the program's own list, else with the record of the download; where there is neither, say the
    hashes. Raises ModelError in one sentence when the model cannot be read, and Cancelled.
    """
    paths = files_of(model)
    if not paths:
        raise ModelError(f"There is no model “{model}”; check its path and its drive.")
    meter = Meter("Checking", size_of(paths), report)
    try:
        files = tuple(
            RecordedFile(_name(model, path), path.stat().st_size, sha256(path, cancel, meter.add)) for path in paths
        )
    except OSError as error:
        raise ModelError(f"“{model}” cannot be read ({error.strerror}); check its drive.") from error
    meter.finish()
    return _verdict(model, files)


def _verdict(model: Path, files: tuple[RecordedFile, ...]) -> Verdict:
    here, name = {file.name: file for file in files}, name_of(model)
    for known in offers():
        if model.is_file() and known.files[0].sha256 == files[0].sha256:
            return Verdict(True, f"“{name}” is {known.name} as it was published, byte for byte.", files)
        if model.name == known.files[0].name and files[0].size == known.size:
            return Verdict(
                False,
                f"“{name}” is not {known.name} as it was published; remove it and download it again.",
                files,
            )
    if record := read_record(model):
        for file in record.files:
            if here.get(file.name) != file:
                what = "has changed since" if file.name in here else "is gone since"
                return Verdict(
                    False,
                    f"“{file.name}” of “{name}” {what} the download; remove it and download it again.",
                    files,
                )
        return Verdict(
            True,
            f"“{name}” is as it was downloaded from {record.repository} ({record.revision[:12]}), byte for byte.",
            files,
        )
    for file in files:
        if file.name.endswith(".safetensors") and not _is_whole(model, file.name):
            return Verdict(False, f"“{file.name}” of “{name}” is damaged or incomplete; get it again.", files)
    hashes = "; ".join(f"{file.name} {file.sha256}" for file in files if file.name.endswith(".safetensors"))
    return Verdict(True, f"“{name}” is whole; there is nothing to compare with. SHA-256: {hashes}", files)


def _name(model: Path, path: Path) -> str:
    return path.name if path == model else path.relative_to(model).as_posix()


def _is_whole(model: Path, name: str) -> bool:
    """Tell whether a safetensors file can be opened and its header fits its length."""
    try:
        with open_weights(model if model.is_file() else model / name):
            return True
    except (SafetensorError, OSError):
        return False
