"""A small photo for sessions, and its open edit before it is prepared."""

from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.editing.document import Document
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from tests.sessions import scene


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """96 by 64 pixels of noise."""
    path = tmp_path / "scene.png"
    Image.fromarray(scene()).save(path)
    return path


@pytest.fixture
def work(photo: Path) -> Document:
    """It is described as a red cube, which is to be blue."""
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    work.describe("a red cube")
    work.say_in_words("a blue cube")
    return work
