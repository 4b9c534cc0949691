"""The bottom line: what is being worked on, how far it is, how long it will take, and a way to stop it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QWidget

from nti_desktop.core.progress import Progress
from nti_desktop.core.units import duration
from nti_desktop.gui.widgets.plain import Label, set_tip


def in_words(progress: Progress, what: str = "") -> str:
    """Say what is done, how far it is and how long it will take. what: the job, in front of the phase."""
    parts = [f"{what}: {progress.phase.lower()}" if what else progress.phase]
    if progress.total > 1:
        parts.append(f"step {min(progress.step + 1, progress.total)} of {progress.total}")
    if progress.seconds_left is not None and progress.seconds_left >= 0.5:
        parts.append(f"{duration(progress.seconds_left)} left")
    return " · ".join(parts)


class WorkStrip(QFrame):
    """Phase, step, time left, Cancel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.text = Label()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # as much as there is
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(200)
        self.bar.setAccessibleName("Progress")
        self.cancel_button = QPushButton("Cancel")
        set_tip(self.cancel_button, "Stop what is under way; nothing is changed.")
        self.zoom = Label()
        self.zoom.setProperty("role", "quiet")
        self.colours = Label()
        self.colours.setProperty("role", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.addWidget(self.text, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel_button)
        row.addSpacing(8)
        row.addWidget(self.colours)
        row.addSpacing(8)
        row.addWidget(self.zoom)
        self.setFixedHeight(self.cancel_button.sizeHint().height() + 8)
        self.show_idle("")

    def show_progress(self, progress: Progress, what: str = "") -> None:
        """what: see in_words."""
        self.text.setText(in_words(progress, what))
        self.bar.setRange(0, progress.total if progress.total > 1 else 0)
        self.bar.setValue(progress.step)
        self.bar.show()
        self.cancel_button.setEnabled(True)
        self.cancel_button.show()

    def show_opening(self, name: str, share: float) -> None:
        """A photo on its way in; share: of the work that is done, 0 to 1."""
        if share == 0:  # no way to tell yet, or of this kind of file
            self.show_idle(f"Opening “{name}”…")
            return
        self.text.setText(f"Opening “{name}”… {share * 100:.0f} %")
        self.bar.setRange(0, 100)
        self.bar.setValue(round(share * 100))
        self.bar.show()
        self.cancel_button.setEnabled(True)
        self.cancel_button.show()

    def show_stopping(self) -> None:
        """After Cancel was pressed, until the job has seen it."""
        self.text.setText("Stopping…")
        self.cancel_button.setEnabled(False)

    def show_idle(self, text: str) -> None:
        """Show a sentence, and no progress."""
        self.text.setText(text)
        self.bar.hide()
        self.cancel_button.hide()

    def show_screen(self, note: str, explanation: str) -> None:
        """Show which colours the pictures are shown in."""
        self.colours.setText(note)
        set_tip(self.colours, explanation)
