"""Pictures of one edit side by side, each with what is to be said of it and a button to use it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.core.progress import Progress
from nti_desktop.gui import theme
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.threads import slot

_NARROWEST, _LOWEST = 180, 120  # pixels of a picture at least; it gives the texts the room that they need
_SIZE = QSize(1120, 580)
_GAP = 14


@dataclass(frozen=True)
class Wording:
    """What a dialog says. title: of its window; use, tip: of the buttons; now: on that of what is there already;
    columns: that it has, None for as many as there are ways.
    """

    title: str
    use: str
    tip: str
    now: str
    columns: int | None = None


@dataclass(frozen=True)
class Way:
    """key: what the dialog's signals call it; takes: what is known of its time before it begins."""

    key: str
    title: str
    sentence: str = ""
    takes: str = ""


class _Shown(QWidget):
    """A picture, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: Picture | None = None
        self.setMinimumSize(_NARROWEST, _LOWEST)

    def show_picture(self, picture: Picture) -> None:
        self.picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.picture is None:
            painter.fillRect(self.rect(), theme.FIELD)
            return
        whole = QSize(self.picture.width, self.picture.height)
        size = whole.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        image, _ = self.picture.level_for(size.width() * self.devicePixelRatioF() / whole.width())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRect(QPoint(0, 0), size)
        place.moveCenter(self.rect().center())
        painter.drawImage(place, image)


class WayCell(QObject):
    """One way: a picture on the board and what is below it."""

    def __init__(
        self,
        way: Way,
        wording: Wording,
        board: QGridLayout,
        number: int,
        use: Callable[[str], None],
        parent: QWidget,
    ) -> None:
        """number: its place among the ways, line after line; use: told of the key when it is chosen."""
        super().__init__(parent)
        self.way, self._use = way, use
        self.shown = _Shown()
        self.shown.setAccessibleName(f"The edit by {way.title}")
        self.title, self.sentence, self.state = Label(way.title), Label(way.sentence), Label(way.takes)
        self.title.setProperty("role", "heading")
        self.state.setProperty("role", "quiet")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.use_button = QPushButton(wording.use)
        set_tip(self.use_button, wording.tip)
        self.use_button.setEnabled(False)
        self.use_button.clicked.connect(self._chosen)
        for label in (self.sentence, self.state):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setVisible(bool(label.text()))
        rows = (self.shown, self.title, self.sentence, self.state, self.bar, self.use_button)
        line, column = divmod(number, wording.columns) if wording.columns else (0, number)
        for row, widget in enumerate(rows, start=line * len(rows)):
            board.addWidget(widget, row, column)
        board.setRowStretch(line * len(rows), 1)
        board.setColumnStretch(column, 1)
        self.bar.hide()

    def say(self, text: str) -> None:
        """Below the title, where there is something to say."""
        self.state.setText(text)
        self.state.setVisible(bool(text))

    @slot()
    def _chosen(self) -> None:
        self._use(self.way.key)


class ComparisonDialog(QDialog):
    """Not modal. Whoever closes it needs no more pictures."""

    use_asked = Signal(str)  # key of a way

    def __init__(self, wording: Wording, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wording = wording
        self.setWindowTitle(wording.title)
        self.cells: dict[str, WayCell] = {}
        self.edit = Label()
        self.edit.setWordWrap(True)
        self._area = QScrollArea()  # there may be more ways than the screen is wide
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        buttons = QDialogButtonBox()
        buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(_GAP)
        self._column.addWidget(self.edit)
        self._column.addWidget(self._area, 1)
        self._column.addWidget(buttons)
        self.resize(_SIZE)

    def ask(self, description: str, edit: str, ways: Sequence[Way]) -> None:
        """Show the ways before anything has come of them."""
        self.edit.setText(f"“{description}” → “{edit}”" if description else f"“{edit}”")
        whole = QWidget()
        board = QGridLayout(whole)
        board.setContentsMargins(0, 0, 0, 0)
        board.setHorizontalSpacing(_GAP)
        use = self.use_asked.emit
        self.cells = {
            way.key: WayCell(way, self._wording, board, number, use, whole) for number, way in enumerate(ways)
        }
        self.resize(within_screen(self, self.size()))
        self._area.setWidget(whole)  # which deletes the one before
        self.show()
        self.raise_()
        self.activateWindow()

    def show_begun(self, key: str) -> None:
        """A way is tried now; what it takes stays to be read until the engine tells more."""
        bar = self.cells[key].bar
        bar.setRange(0, 0)
        bar.show()

    def show_progress(self, key: str, progress: Progress, text: str) -> None:
        """text: the progress in words, below what the whole way takes."""
        cell = self.cells[key]
        cell.say(f"{cell.way.takes}\n{text}")
        cell.bar.setRange(0, progress.total if progress.total > 1 else 0)
        cell.bar.setValue(progress.step)

    def show_tried(self, key: str, picture: Picture, figures: str, new: bool) -> None:
        """new: whether there is something to keep."""
        cell = self.cells[key]
        cell.shown.show_picture(picture)
        cell.bar.hide()
        cell.say(figures)
        cell.use_button.setEnabled(new)
        if not new:
            cell.use_button.setText(self._wording.now)

    def show_error(self, key: str, sentence: str) -> None:
        """A way of which there is no picture."""
        cell = self.cells[key]
        cell.bar.hide()
        cell.say(sentence)
