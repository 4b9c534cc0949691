"""What a person sees and does on the Models page, for tests."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMessageBox

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.gui.widgets.row_list import Row

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]
MODEL = "someone/still-lifes"
NAME = "someone--still-lifes"


def rested(window: MainWindow, until: Until) -> None:
    """Wait until nothing is looked at or fetched."""
    until(lambda: window.library.contents is not None and not window.library.looking and not window.transfers.doing)
    until(lambda: not window.models_thread.busy and not window.transfers_thread.busy)


def rows(window: MainWindow) -> dict[str, Row]:
    return {Path(row.key).name: row for row in window.models.page.list.list.rows}


def choose(window: MainWindow, name: str) -> None:
    key = rows(window)[name].key
    assert window.models.page.list.list.select(key)


def said(page: ModelsPage, tone: Tone | None = None) -> str:
    return " ".join(m.text for m in page.messages.messages if tone in (None, m.tone))


def answer(window: MainWindow, title: str) -> None:
    """Press a button of the question that is asked."""
    question = window.models.page.list.question
    assert isinstance(question, QMessageBox)
    next(button for button in question.buttons() if button.text() == title).click()


def asked_for(window: MainWindow, wanted: str, until: Until) -> None:
    """Look a model of the Hub up."""
    page = window.models.page
    page.tabs.setCurrentWidget(page.downloads)
    page.downloads.name.setText(wanted)
    page.downloads.look.click()
    rested(window, until)
