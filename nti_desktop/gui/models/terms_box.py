"""What a download is, where it goes and under which terms: it begins when a person has accepted them."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui import theme
from nti_desktop.gui.widgets.plain import Label, Markup
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Planned
from nti_desktop.models.hub.client import MARGIN
from nti_desktop.models.library.records import gigabytes


class TermsBox(QWidget):
    """Shows one plan at a time."""

    accepted = Signal(Planned)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._planned: Planned | None = None
        self.title = Label()
        self.title.setProperty("role", "title")
        self.about = Label()
        self.licence = Markup()
        self.licence.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.licence.setOpenExternalLinks(True)
        for label in (self.title, self.about, self.licence):
            label.setWordWrap(True)
        self.accept_box = QCheckBox("I have read the licence and accept it")
        self.accept_box.toggled.connect(self._toggled)
        self.download = QPushButton("Download")
        self.download.setProperty("primary", "true")
        self.download.clicked.connect(self._accept)
        self.decline = QPushButton("Not now")
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.decline)
        row.addWidget(self.download)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 16, 8, 0)
        column.setSpacing(12)
        for widget in (self.title, self.about, self.licence, self.accept_box):
            column.addWidget(widget)
        column.addStretch(1)
        column.addLayout(row)

    def show_plan(self, planned: Planned) -> None:
        """Ask whether the terms of what would be fetched are agreed to."""
        self._planned = planned
        plan = planned.plan
        fits = planned.free >= plan.size + MARGIN
        room = "." if fits else "; that is too little, so make room there or choose another folder."
        self.title.setText(planned.title)
        self.about.setText(
            f"{gigabytes(plan.size)} from “{plan.repository}” on the Hugging Face Hub. It goes to “{planned.store}”, "
            f"where {gigabytes(planned.free)} are free{room}"
        )
        url = plan.licence.url or f"https://huggingface.co/{plan.repository}"
        link = f'<a style="color: {theme.ACCENT.name()}" href="{escape(url)}">{escape(url)}</a>'
        self.licence.setText(f"Its licence is <b>{escape(plan.licence.name)}</b>. Read it here: {link}")
        self.accept_box.setChecked(False)
        self.accept_box.setEnabled(fits)
        self._toggled()

    @slot()
    def _toggled(self) -> None:
        self.download.setEnabled(self.accept_box.isChecked())

    @slot()
    def _accept(self) -> None:
        if self._planned is not None and self.accept_box.isChecked():
            self.accepted.emit(self._planned)
