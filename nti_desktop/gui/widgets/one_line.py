"""A sentence that comes and goes without moving anything."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nti_desktop.gui.widgets.plain import Label, set_tip


class OneLine(Label):
    """Keeps the room of one line, said or not. What is too long ends in “…” and is whole in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, sentence: str) -> None:
        """Say this, or nothing."""
        self.sentence = sentence
        self.setAccessibleName(sentence)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self.sentence, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        set_tip(self, self.sentence if shown != self.sentence else "")
