"""A photo whose project was saved twice, so that there is a state before the last save."""

from pathlib import Path

import pytest
from PIL import Image

from tests.sessions import BLUE, scene, with_a_version


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Saved with one version, and again with two."""
    path = tmp_path / "still life.png"
    Image.fromarray(scene()).save(path)
    session = with_a_version(path)
    session.add_version("Later", BLUE)
    session.save()
    return path


def sidecar(photo: Path) -> Path:
    return photo.with_name(photo.name + ".nti")
