"""A raw file's project: how it was developed is kept, and another development is told."""

from pathlib import Path

import numpy as np

from nti_desktop.editing.session import Session
from nti_desktop.photo.reading.raw import NEUTRAL_NOTE
from nti_desktop.project.sidecar import read_sidecar, write_sidecar
from tests.raw_files import dng_file
from tests.sessions import with_a_version

SENSOR = np.random.default_rng(0).integers(1000, 12_000, (96, 128)).astype(np.uint16)


def test_the_development_of_a_raw_file_is_kept_in_its_project(tmp_path: Path) -> None:
    photo = tmp_path / "photo.dng"
    photo.write_bytes(dng_file(SENSOR))
    session = with_a_version(photo)
    assert NEUTRAL_NOTE in session.notes
    assert session.photo.bit_depth > 8
    assert session.composition.finished(()).pixels.dtype.name == "uint16"
    development = read_sidecar(session.sidecar).project.photo.development
    assert development is not None
    assert "LibRaw" in development.library
    assert dict(development.settings)["colours"] == "Display P3"
    assert Session.open(photo).notes == (NEUTRAL_NOTE,)


def test_another_version_of_the_raw_library_is_told(tmp_path: Path) -> None:
    photo = tmp_path / "photo.dng"
    photo.write_bytes(dng_file(SENSOR))
    session = with_a_version(photo)
    stored = read_sidecar(session.sidecar)
    record = stored.project.photo
    assert record.development is not None
    older = record.model_copy(update={"development": record.development.model_copy(update={"library": "LibRaw 0.1"})})
    write_sidecar(session.sidecar, stored.project.model_copy(update={"photo": older}), {}, {}, stored.signature)
    assert any("another version of the library" in note for note in Session.open(photo).notes)
