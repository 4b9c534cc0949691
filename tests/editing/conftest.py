"""A small photo for sessions."""

from pathlib import Path

import pytest
from PIL import Image

from tests.sessions import scene


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """96 by 64 pixels of noise."""
    path = tmp_path / "scene.png"
    Image.fromarray(scene()).save(path)
    return path
