"""A line for a prompt in which the words that the model never learned are underlined."""

from typing import cast

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QTextLayout
from PySide6.QtWidgets import QStyle, QStyleOptionFrame, QWidget

from nti_desktop.gui import theme
from nti_desktop.gui.widgets.pause_edit import PauseEdit
from nti_desktop.gui.widgets.text_offsets import from_qt, to_qt
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.words import Word, is_too_long, unlearned_words

_BELOW, _CREST, _LENGTH = (
    3.0,
    1.2,
    5.0,
)  # pixels: of the wave, its distance from the foot of the letters, height, length


class PromptLine(PauseEdit):
    """unlearned: the underlined words. The one being typed is let be until a pause, as every word starts unknown."""

    marked = Signal()  # other words are underlined than before

    def __init__(self, window_undoes: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(window_undoes, parent)
        self.unlearned: tuple[Word, ...] = ()
        self._learned: frozenset[str] | None = None
        self.textChanged.connect(self._look)
        self.settled.connect(self._look)

    def show_learned(self, learned: frozenset[str] | None) -> None:
        """The words the model learned; None where it does not say."""
        if learned != self._learned:
            self._learned = learned
            self._look()

    @slot()
    def _look(self) -> None:
        text = self.text()
        found = () if is_too_long(text) else unlearned_words(text, self._learned)
        if self.is_being_typed:
            cursor = from_qt(text, self.cursorPosition())
            found = tuple(word for word in found if not word.start < cursor <= word.end)
        if found != self.unlearned:
            self.unlearned = found
            self.update()
            self.marked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.unlearned:
            return
        text = self.text()
        layout = QTextLayout(text, self.font())
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()

        def along(place: int) -> float:
            x, _ = cast(tuple[float, int], line.cursorToX(place))
            return x

        # Qt scrolls a long text by an amount it keeps to itself; the caret tells.
        caret = self.cursorRect()
        left = caret.center().x() + 1 - along(self.cursorPosition())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._writing_room())
        painter.setPen(QPen(theme.WARNING, 1.2))
        for word in self.unlearned:
            start, end = sorted(left + along(to_qt(text, place)) for place in (word.start, word.end))
            painter.drawPath(_wave(start, end, caret.top() + line.ascent() + _BELOW))

    def _writing_room(self) -> QRect:
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        room: QRect = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        return QRect(room.left(), 0, room.width(), self.height())


def _wave(start: float, end: float, y: float) -> QPainterPath:
    """A wave from `start` to `end` around the height `y`."""
    path = QPainterPath(QPointF(start, y))
    bows = max(1, round(2 * (end - start) / _LENGTH))
    for bow in range(bows):
        middle, right = (start + (end - start) * part / bows for part in (bow + 0.5, bow + 1))
        path.quadTo(middle, y + 2 * (_CREST if bow % 2 else -_CREST), right, y)
    return path
