"""How far a download or a verification is, how long it will take, and a way to stop it."""

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from nti_desktop.core.progress import Progress
from nti_desktop.core.units import duration
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot


class TransferStrip(QWidget):
    """Phase, megabytes, time left, Cancel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = Label()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel")
        set_tip(self.cancel, "Stop; what has arrived of a download is kept.")
        self.cancel.clicked.connect(self._show_stopping)
        lines = QVBoxLayout()
        lines.setSpacing(4)
        lines.addWidget(self.text)
        lines.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(lines, 1)
        row.addWidget(self.cancel)
        self.show_doing("")

    def show_doing(self, doing: str) -> None:
        """Show what begins; empty when nothing is under way."""
        self.setVisible(bool(doing))
        self.text.setText(f"{doing}…")
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)

    def show_progress(self, progress: Progress, name: str) -> None:
        """name: of the model; the steps are megabytes."""
        count = QLocale(QLocale.Language.English).toString
        parts = [f"{progress.phase} “{name}”", f"{count(progress.step)} of {count(progress.total)} MB"]
        if progress.seconds_left is not None and progress.step < progress.total:
            parts.append(f"{duration(progress.seconds_left)} left")
        self.text.setText(" · ".join(parts))
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.step)

    @slot()
    def _show_stopping(self) -> None:
        self.text.setText("Stopping…")
        self.cancel.setEnabled(False)
