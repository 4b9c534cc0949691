"""What one sees before a photo is open."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from nti_desktop.gui.widgets.flow import FlowLayout
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot

_THUMBNAIL = 104
_COLUMNS = 6


class StartPage(QScrollArea):
    """Open a photo, or one of the samples. It scrolls, so that it asks for no room once a photo is open."""

    sample_asked = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = Label("Edit a photo by changing its words")
        title.setProperty("role", "title")
        hint = Label("Drop a photo here, or")
        hint.setProperty("role", "quiet")
        self.open_button = QPushButton("Open a photo…")
        self.open_button.setProperty("primary", "true")
        self._samples_title = Label("or try one of the samples:")
        self._samples_title.setProperty("role", "quiet")
        self._samples = QWidget()
        self._samples.setFixedWidth(_COLUMNS * (_THUMBNAIL + 22))
        self._flow = FlowLayout(self._samples, gap=8)
        self.buttons: list[tuple[QPushButton, Path]] = []
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(12)
        column.addStretch(2)
        for widget in (title, hint, self.open_button, self._samples_title, self._samples):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def show_samples(self, samples: Sequence[tuple[Path, str]]) -> None:
        """samples: picture and description of each."""
        self._flow.clear()
        self.buttons = []
        for path, description in samples:
            button = QPushButton()
            button.setIcon(QIcon(QPixmap(str(path)).scaledToHeight(2 * _THUMBNAIL)))
            button.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
            button.setStyleSheet("padding: 4px;")
            set_tip(button, description)
            button.setAccessibleName(f"Sample: {description}")
            button.clicked.connect(self._sample)
            self._flow.addWidget(button)
            self.buttons.append((button, path))
        self._samples.setFixedHeight(self._flow.heightForWidth(self._samples.width()))
        self._samples_title.setVisible(bool(samples))

    @slot()
    def _sample(self) -> None:
        for button, path in self.buttons:
            if button is self.sender():
                self.sample_asked.emit(path)
