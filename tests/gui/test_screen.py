"""Photos in the colours of the screen: from the photo's profile to the screen's, in the real window."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.gui import preferences, screen_profile
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.samples import Sample
from nti_desktop.photo.raster import Raster
from tests.gui.conftest import OpenWindow
from tests.profiles import D50_TO_P3, DISPLAY_P3, PRO_PHOTO, PRO_PHOTO_TO_D50

Until = Callable[[Callable[[], bool]], None]
