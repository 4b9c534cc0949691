"""Text is text: a name from a file, a sentence or a message is never taken for markup, which could open files.

Qt guesses in labels, tooltips and message boxes. All of this program's are made here, and say which they are.
"""

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSize, QUrl
from PySide6.QtGui import Qt, QTextDocument
from PySide6.QtWidgets import QLabel, QMessageBox, QTextBrowser, QWidget

_WORD = 80  # pixels; a longer word, as a file may have for its name, does not make a window wider


class Label(QLabel):
    """Shows text as it is."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return hint.boundedTo(QSize(_WORD, hint.height())) if self.wordWrap() else hint


class Markup(QLabel):
    """Shows a page of this program, written in HTML; what else is put into it must be escaped."""

    def __init__(self, html: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(html)


class MarkdownFile(QTextBrowser):
    """Shows a page of this program, a file in Markdown, with the pictures beside it; follows no link."""

    def __init__(self, file: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setSource(QUrl.fromLocalFile(str(file)), QTextDocument.ResourceType.MarkdownResource)


class Question(QMessageBox):
    """Asks in plain text."""

    def __init__(self, title: str, text: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(title)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class _Tipped(Protocol):
    def setToolTip(self, text: str, /) -> None: ...


def set_tip(thing: _Tipped, text: str) -> None:
    """Give a widget, an action or an item a tooltip. Tooltips know no format, so what looks like markup is escaped."""
    thing.setToolTip(Qt.convertFromPlainText(text) if Qt.mightBeRichText(text) else text)
