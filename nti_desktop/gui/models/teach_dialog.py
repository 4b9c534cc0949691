"""What a model is to be taught: the word's name, what it is, and a few photos with a sentence each."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.core.progress import Progress
from nti_desktop.editing.teaching import FEWEST, MOST, usual_sentence
from nti_desktop.gui.photo_files import PHOTOS
from nti_desktop.gui.widgets.explanation import explanation
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.widgets.work_strip import in_words
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.threads import slot

_LONGEST_NAME = 160  # pixels


class PhotoRow(QWidget):
    """A photo and the sentence that says what it shows, the usual one until another is typed."""

    removed = Signal(Path)

    def __init__(self, path: Path, name: str) -> None:
        super().__init__()
        self.path, self._usual = path, ""
        label = Label(path.name)
        label.setFixedWidth(_LONGEST_NAME)
        set_tip(label, str(path))
        self.sentence = QLineEdit()
        self.sentence.setAccessibleName(f"What {path.name} shows")
        set_tip(
            self.sentence, "Say what the photo shows, with the name in the sentence, so that only the thing is learned."
        )
        label.setBuddy(self.sentence)
        remove = QPushButton("Remove")
        remove.setAutoDefault(False)
        remove.setAccessibleName(f"Remove {path.name}")
        remove.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.addWidget(label)
        row.addWidget(self.sentence, 1)
        row.addWidget(remove)
        self.show_name(name)

    def show_name(self, name: str) -> None:
        """Follow the name where nothing else was typed."""
        if self.sentence.text() == self._usual:
            self._usual = usual_sentence(name) if name.strip() else ""
            self.sentence.setText(self._usual)

    @slot()
    def _remove(self) -> None:
        self.removed.emit(self.path)


class TeachDialog(QDialog):
    """Not modal. Whoever closes it stops the learning."""

    photos_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Teach a word")
        self.about = Label()
        self.about.setWordWrap(True)
        self.name, self.kind = QLineEdit(), QLineEdit()
        self.name.setPlaceholderText("my mug")
        self.kind.setPlaceholderText("mug")
        set_tip(self.name, "What you will call the thing in a sentence.")
        set_tip(self.kind, "What the thing is, in a word that the model knows.")
        form = QFormLayout()
        for title, field in (("&Name:", self.name), ("&What it is:", self.kind)):
            label = Label(title)
            label.setBuddy(field)
            form.addRow(label, field)
        self.name.textChanged.connect(self._named)
        self.choose = QPushButton("Add &photos…")
        set_tip(self.choose, f"Choose {FEWEST} to {MOST} photos that show the thing in different places.")
        self.choose.clicked.connect(self._choose)
        self.rows: list[PhotoRow] = []
        self._list = QVBoxLayout()
        inside, self._scroll = QWidget(), QScrollArea()
        outer = QVBoxLayout(inside)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(self._list)
        outer.addStretch(1)
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.state = explanation("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.teach, self.stop, close = QPushButton("&Teach"), QPushButton("&Stop"), QPushButton("Close")
        set_tip(self.teach, "Learn the word; one that was stopped goes on where it stood.")
        set_tip(self.stop, "Stop learning; it can go on later.")
        self.teach.setProperty("primary", "true")
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addWidget(self.choose)
        foot.addStretch(1)
        for button in (self.teach, self.stop, close):
            foot.addWidget(button)
        self._inputs: tuple[QWidget, ...] = (self.name, self.kind, self.choose, inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(self.about)
        column.addLayout(form)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addLayout(foot)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Return in a line presses none
        self.resize(within_screen(self, QSize(640, 460)))
        self.show_idle("")

    @property
    def photos(self) -> tuple[tuple[Path, str], ...]:
        """The photos with their sentences."""
        return tuple((row.path, row.sentence.text()) for row in self.rows)

    def begin(self, model: str) -> None:
        """Ask what the model of this name is to be taught; what was typed before stays."""
        self.about.setText(
            f"“{model}” learns what a thing of yours looks like from a few photos, in different places and light. "
            "You then write its name in a sentence like any other word."
        )
        self.show()
        self.raise_()
        self.activateWindow()
        self.name.setFocus()

    def add_photos(self, paths: Sequence[Path]) -> None:
        """Add photos that are not there yet."""
        there = {row.path for row in self.rows}
        for path in dict.fromkeys(paths):
            if path not in there:
                row = PhotoRow(path, self.name.text())
                row.removed.connect(self._take_out)
                self.rows.append(row)
                self._list.addWidget(row)
        self.photos_changed.emit()

    def show_idle(self, text: str, warning: bool = False) -> None:
        """Nothing is under way. text: how long it will take, what came of it or what is wrong."""
        self._show_at_work(False)
        self.state.setProperty("role", "warning" if warning else "quiet")
        self.state.style().polish(self.state)
        self.state.setText(text)

    def show_progress(self, progress: Progress) -> None:
        """Show how far the learning is."""
        self._show_at_work(True)
        self.state.setText(in_words(progress))
        self.bar.setRange(0, progress.total if progress.total > 1 else 0)
        self.bar.setValue(progress.step)

    def show_stopping(self) -> None:
        """Until the job has seen it."""
        self.state.setText("Stopping…")
        self.stop.setEnabled(False)

    def _show_at_work(self, at_work: bool) -> None:
        for widget in self._inputs:
            widget.setEnabled(not at_work)
        self.bar.setVisible(at_work)
        self.teach.setVisible(not at_work)
        self.stop.setVisible(at_work)
        self.stop.setEnabled(True)

    @slot(str)
    def _named(self, name: str) -> None:
        for row in self.rows:
            row.show_name(name)

    @slot()
    def _choose(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Photos of the thing", "", PHOTOS)
        if names:
            self.add_photos([Path(name) for name in names])

    @slot(Path)
    def _take_out(self, path: Path) -> None:
        row = next(row for row in self.rows if row.path == path)
        self.rows.remove(row)
        self._list.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.photos_changed.emit()
