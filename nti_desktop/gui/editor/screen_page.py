"""Which profile the screen has, and how another one is chosen."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot

_TEXT = (
    "A screen’s profile says which colours it shows. The program takes the one that the system names; a file is needed "
    "only where the system names none, or the wrong one. A calibration program writes such files, and makers of "
    "screens offer them; they end in .icc or .icm."
)


class ScreenPage(QDialog):
    """Says which profile photos are shown in and lets a file be chosen. Not modal: the photo stays at hand."""

    file_chosen = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Screen profile")
        self._folder = ""
        self.now = Label()
        about = Label(_TEXT)
        about.setProperty("role", "quiet")
        for label in (self.now, about):
            label.setWordWrap(True)
        self.automatic = QPushButton("Take the system’s")
        set_tip(self.automatic, "Forget the file and take the profile that the system names.")
        self.choose = QPushButton("Choose a file…")
        self.choose.setProperty("primary", "true")
        self.choose.clicked.connect(self._choose)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(self.automatic)
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(self.choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.now)
        column.addWidget(about)
        column.addLayout(row)
        self.setMinimumWidth(480)

    def show_profile(self, explanation: str, chosen: Path | None) -> None:
        """chosen: the file that the user chose, None for what the system says."""
        self.now.setText(explanation)
        self.automatic.setEnabled(chosen is not None)
        self._folder = str(chosen.parent) if chosen else ""

    @slot()
    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Choose the screen’s profile", self._folder, "Screen profiles (*.icc *.icm *.ICC *.ICM)"
        )
        if name:
            self.file_chosen.emit(Path(name))
