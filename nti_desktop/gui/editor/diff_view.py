"""The difference between the description and the edit, drawn word by word."""

from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nti_desktop.gui import theme
from nti_desktop.recipe.words import Change, align_words, split_words

_GAP = 2  # pixels from one row to the next


@dataclass(frozen=True)
class DiffWord:
    """One step of the alignment in words; before or after is empty where one side has no word."""

    change: Change
    before: str
    after: str

    @property
    def spoken(self) -> str:
        """For screen readers."""
        match self.change:
            case Change.KEPT:
                return self.after
            case Change.SWAPPED:
                return f"{self.before} becomes {self.after}"
            case Change.ADDED:
                return f"added {self.after}"
            case Change.REMOVED:
                return f"removed {self.before}"


def diff_words(source: str, edit: str) -> tuple[DiffWord, ...]:
    """The alignment of two prompts, ready to draw."""
    before, after = split_words(source), split_words(edit)
    return tuple(
        DiffWord(
            pair.change,
            "" if pair.source is None else before[pair.source].text,
            "" if pair.edit is None else after[pair.edit].text,
        )
        for pair in align_words(source, edit)
    )


def changes_in_words(words: tuple[DiffWord, ...]) -> tuple[str, ...]:
    """List what changes, for a button: neighbours together, “in a studio → at sunset”, “+ shiny”, “− shiny”."""
    runs = (tuple(run) for kept, run in groupby(words, lambda w: w.change is Change.KEPT) if not kept)
    found = []
    for run in runs:
        before, after = (" ".join(filter(None, side)) for side in zip(*((w.before, w.after) for w in run), strict=True))
        found.append(f"{before} → {after}" if before and after else f"+ {after}" if after else f"− {before}")
    return tuple(found)


class DiffView(QWidget):
    """Kept words plain, swapped ones “red → blue”, added ones with a plus, removed ones struck out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words: tuple[DiffWord, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Changed words")

    def show_words(self, words: tuple[DiffWord, ...]) -> None:
        """Draw words, each with what became of it."""
        if words != self.words:
            self.words = words
            self.setAccessibleDescription(", ".join(word.spoken for word in words))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, self.heightForWidth(max(self.width(), 300)))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 300)))

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return int(places[-1][1].bottom() + 3) if places else self.rows_height(1)

    def rows_height(self, rows: int) -> int:
        """Pixels that so many rows of words take."""
        return int(rows * (self._line_height() + _GAP))

    def _line_height(self) -> float:
        return QFontMetricsF(self.font()).height() + 8

    def _places(self, width: int) -> list[tuple[DiffWord, QRectF]]:
        metrics, height, space = QFontMetricsF(self.font()), self._line_height(), 5.0
        places: list[tuple[DiffWord, QRectF]] = []
        x = y = 0.0
        for word in self.words:
            wide = metrics.horizontalAdvance(_text(word)) + (0 if word.change is Change.KEPT else 14)
            if x and x + wide > width:
                x, y = 0.0, y + height + _GAP
            places.append((word, QRectF(x, y + 1, wide, height - 2)))
            x += wide + space
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for word, place in self._places(self.width()):
            self._paint_word(painter, word, place)

    def _paint_word(self, painter: QPainter, word: DiffWord, place: QRectF) -> None:
        colour = theme.CHANGE_COLOURS[word.change]
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        plain, struck = QFont(self.font()), QFont(self.font())
        struck.setStrikeOut(True)
        if word.change is Change.KEPT:
            painter.setPen(colour)
            painter.drawText(place, middle, word.after)
            return
        ground = theme.RAISED if self.isEnabled() else theme.WINDOW
        painter.setBrush(ground)
        painter.setPen(QPen(colour, 1))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        metrics = QFontMetricsF(plain)
        at = QPointF(place.left() + 7, place.top())

        def write(text: str, font: QFont, pen: QPen) -> None:
            painter.setFont(font)
            painter.setPen(pen)
            width = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(at.x(), at.y(), width + 2, place.height()), middle, text)
            at.setX(at.x() + width)

        quiet, loud = QPen(theme.CHANGE_COLOURS[Change.REMOVED]), QPen(colour)
        match word.change:
            case Change.SWAPPED:
                write(word.before, struck, QPen(theme.QUIET))
                write(" → ", plain, loud)
                write(word.after, plain, loud)
            case Change.ADDED:
                write(_text(word), plain, loud)
            case Change.REMOVED:
                write(word.before, struck, quiet)
        painter.setFont(self.font())


def _text(word: DiffWord) -> str:
    match word.change:
        case Change.KEPT:
            return word.after
        case Change.SWAPPED:
            return f"{word.before} → {word.after}"
        case Change.ADDED:
            return f"+ {word.after}"
        case Change.REMOVED:
            return word.before
