"""Several lines to be made one after the other: the sentences of a story, or photos and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.core.progress import Progress
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.threads import slot

_GAP = 10
_WIDE, _HIGH = 760, 480  # pixels


@dataclass(frozen=True)
class Wording:
    """What a dialog says. title: of its window; heading: what it is for; line: what is written in each; add: on the
    button for more.
    """

    title: str
    heading: str
    line: str
    add: str


@dataclass(frozen=True)
class Entry:
    """One line. key: what it is about; title: before it; text: written in it; usual: what an empty one means."""

    key: str
    title: str = ""
    text: str = ""
    usual: str = ""


class Line(QObject):
    """The widgets of one entry."""

    def __init__(self, entry: Entry, number: int, what: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry = entry
        self.title = Label(entry.title or f"{number + 1}", parent)
        self.edit = QLineEdit(entry.text, parent)
        self.edit.setPlaceholderText(entry.usual)
        self.edit.setAccessibleName(f"{what} {self.title.text()}")
        self.remove = QPushButton("Remove", parent)
        self.remove.setAutoDefault(False)
        self.remove.setAccessibleName(f"Remove {self.title.text()}")
        self.state = Label("", parent)
        self.state.setWordWrap(True)
        self.state.setProperty("role", "quiet")
        self.state.hide()

    def say(self, text: str) -> None:
        """Below the line, what becomes of it."""
        self.state.setText(text)
        self.state.setVisible(bool(text))


class SeriesDialog(QDialog):
    """Not modal. Lines can be added, removed and, by Ctrl+Up and Ctrl+Down, moved until they are worked on."""

    changed = Signal()  # other lines, or something else is written in them

    def __init__(self, wording: Wording, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wording = wording
        self.setWindowTitle(wording.title)
        heading = Label(wording.heading)
        heading.setWordWrap(True)
        self.lines: list[Line] = []
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self.forecast, self.state = Label(), Label()
        for label in (self.forecast, self.state):
            label.setWordWrap(True)
            label.setProperty("role", "quiet")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.add_button, self.sheet_button = QPushButton(wording.add), QPushButton("Save &sheet…")
        set_tip(self.sheet_button, "Write one picture with all of them.")
        self.start_button, self.stop_button = QPushButton("&Begin"), QPushButton("S&top")
        self.start_button.setProperty("primary", "true")
        buttons = QDialogButtonBox()
        for button in (self.add_button, self.sheet_button, self.stop_button, self.start_button):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        for button in buttons.findChildren(QPushButton):
            button.setAutoDefault(False)  # Return in a line presses none
        column = QVBoxLayout(self)
        column.setSpacing(_GAP)
        column.addWidget(heading)
        column.addWidget(self._area, 1)
        for widget in (self.forecast, self.bar, self.state, buttons):
            column.addWidget(widget)
        buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence("Ctrl+Up"), self, self._move_up)
        QShortcut(QKeySequence("Ctrl+Down"), self, self._move_down)
        self.resize(_WIDE, _HIGH)
        self.show_entries(())
        self.show_at_work(False)
        self.sheet_button.setEnabled(False)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines as they are written now."""
        return tuple(
            Entry(line.entry.key, line.entry.title, line.edit.text().strip(), line.entry.usual) for line in self.lines
        )

    def ask(self, entries: Sequence[Entry]) -> None:
        """Show the dialog with these lines."""
        self.show_entries(entries)
        self.sheet_button.setEnabled(False)
        self.state.setText("")
        self.resize(within_screen(self, self.size()))
        self.show()
        self.raise_()
        self.activateWindow()

    def show_entries(self, entries: Sequence[Entry], at: int = 0) -> None:
        """Show other lines. at: the one that is written in. What became of those that stay is still said."""
        said = {line.entry.key: line.state.text() for line in self.lines if line.entry.key}
        whole = QWidget()
        board = QGridLayout(whole)
        board.setContentsMargins(0, 0, 0, 0)
        self.lines = [Line(entry, number, self._wording.line, whole) for number, entry in enumerate(entries)]
        for number, line in enumerate(self.lines):
            for column, widget in enumerate((line.title, line.edit, line.remove)):
                board.addWidget(widget, 2 * number, column)
            board.addWidget(line.state, 2 * number + 1, 1, 1, 2)
            line.edit.textEdited.connect(self._edited)
            line.edit.returnPressed.connect(self._go_on)
            line.remove.clicked.connect(self._remove)
            line.say(said.get(line.entry.key, ""))
        board.setColumnStretch(1, 1)
        board.setRowStretch(2 * len(self.lines), 1)
        self._area.setWidget(whole)  # which deletes the ones before
        if self.lines:
            self.lines[min(at, len(self.lines) - 1)].edit.setFocus()
        self.changed.emit()

    @slot()
    def _move_up(self) -> None:
        self._move(-1)

    @slot()
    def _move_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        """Move the line that is written in."""
        at = next((number for number, line in enumerate(self.lines) if line.edit.hasFocus()), None)
        if at is not None and 0 <= at + by < len(self.lines) and self.add_button.isEnabled():
            entries = list(self.entries)
            entries[at], entries[at + by] = entries[at + by], entries[at]
            self.show_entries(entries, at + by)

    @slot()
    def _edited(self) -> None:
        self.changed.emit()

    @slot()
    def _go_on(self) -> None:
        """Return leads to the next line."""
        at = next(number for number, line in enumerate(self.lines) if line.edit is self.sender())
        self.lines[min(at + 1, len(self.lines) - 1)].edit.setFocus()

    @slot()
    def _remove(self) -> None:
        at = next(number for number, line in enumerate(self.lines) if line.remove is self.sender())
        entries = list(self.entries)
        del entries[at]
        self.show_entries(entries, at)

    def show_at_work(self, at_work: bool) -> None:
        """Let lines be changed only while none is worked on."""
        self.bar.setVisible(at_work)
        self.bar.setRange(0, 0)
        self.stop_button.setEnabled(at_work)
        for widget in (self.add_button, self.start_button):
            widget.setEnabled(not at_work)
        for line in self.lines:
            line.edit.setReadOnly(at_work)
            line.remove.setEnabled(not at_work)

    def show_progress(self, progress: Progress, text: str) -> None:
        """text: the progress in words."""
        self.bar.setRange(0, progress.total if progress.total > 1 else 0)
        self.bar.setValue(progress.step)
        self.state.setText(text)
