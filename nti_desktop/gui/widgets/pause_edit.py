"""A line of text that says when the typist pauses at the end of a word."""

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

from nti_desktop.gui.widgets.text_offsets import from_qt, to_qt
from nti_desktop.gui.widgets.text_undo import asks_for_redo, asks_for_undo, is_the_windows
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.words import split_words

PAUSE = 600  # milliseconds


class PauseEdit(QLineEdit):
    """edited: at every keystroke; settled: after a pause at the end of a word, with Return, or without the focus."""

    edited = Signal(str)
    settled = Signal(str)

    def __init__(self, window_undoes: bool = False, parent: QWidget | None = None) -> None:
        """window_undoes: all undo and redo is the window's, also of what was typed here."""
        super().__init__(parent)
        self._window_undoes = window_undoes
        self._unsettled = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._paused)
        self.textEdited.connect(self._typed)
        self.cursorPositionChanged.connect(self._moved)
        self.editingFinished.connect(self._finished)

    @property
    def is_being_typed(self) -> bool:
        """Whether something was typed that is not settled yet."""
        return self._unsettled

    def show_text(self, text: str) -> None:
        """Show a text that came from elsewhere; nothing is sent. What is being typed right now is left alone."""
        if text != self.text() and not self._unsettled:
            place = from_qt(self.text(), self.cursorPosition())
            self.setText(text)
            self.setCursorPosition(to_qt(text, min(place, len(text))) if self.hasFocus() else 0)

    def replace_text(self, text: str) -> None:
        """As `show_text`, whatever is being typed."""
        self._timer.stop()
        self._unsettled = False
        self.show_text(text)

    def event(self, event: QEvent) -> bool:
        asked = asks_for_undo(event) or asks_for_redo(event)
        if (asked and self._window_undoes) or is_the_windows(event, self):
            self.settle()
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the text as it is where the window undoes, but has nothing to take back."""
        undoes = event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
        if self._window_undoes and undoes:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _in_a_word(self) -> bool:
        text = self.text()
        place = from_qt(text, self.cursorPosition())
        return any(word.start <= place < word.end and not word.is_punctuation for word in split_words(text))

    @slot(str)
    def _typed(self, text: str) -> None:
        self._unsettled = True
        self._timer.start()
        self.edited.emit(text)

    @slot(int, int)
    def _moved(self, _old: int, _new: int) -> None:
        if self._unsettled:
            self._timer.start()

    @slot()
    def _paused(self) -> None:
        if not self._in_a_word():
            self.settle()

    @slot()
    def _finished(self) -> None:
        self.settle()

    @slot()
    def settle(self) -> None:
        """Send what was typed now."""
        self._timer.stop()
        if self._unsettled:
            self._unsettled = False
            self.settled.emit(self.text())
