"""Models that are offered for download, or any other by its name on the Hub."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from nti_desktop.gui.models.terms_box import TermsBox
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.widgets.row_list import Row, RowList
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Planned
from nti_desktop.models.hub.offers import Offer
from nti_desktop.models.library.records import gigabytes


class DownloadPage(QStackedWidget):
    """First what there is, then the terms of what was chosen. It connects to nothing itself."""

    plan_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered: dict[str, Offer] = {}
        self._here: frozenset[str] = frozenset()
        self._busy = False
        self.list = RowList("Models that are offered")
        self.list.selected.connect(self._show_buttons)
        self.list.itemDoubleClicked.connect(self._download_offered)
        self.download = QPushButton("Download…")
        self.download.setProperty("primary", "true")
        set_tip(self.download, "See its size and its licence first; nothing is fetched yet.")
        self.download.clicked.connect(self._download_offered)
        self.name = QLineEdit()
        self.name.setPlaceholderText("owner/name")
        self.name.setAccessibleName("Name of a model on the Hugging Face Hub")
        self.name.textChanged.connect(self._show_buttons)
        self.name.returnPressed.connect(self._download_named)
        self.look = QPushButton("Look it up…")
        set_tip(self.look, "Ask the Hub for its size and its licence.")
        self.look.clicked.connect(self._download_named)
        self.terms = TermsBox()
        self.terms.accepted.connect(self.show_offers)
        self.terms.decline.clicked.connect(self.show_offers)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.download)
        other = Label("Another from the Hugging Face &Hub:")
        other.setBuddy(self.name)
        named = QHBoxLayout()
        named.addWidget(other)
        named.addWidget(self.name, 1)
        named.addWidget(self.look)
        note = Label("Stable Diffusion 1, 2 and SDXL models in .safetensors files can be used.")
        note.setProperty("role", "quiet")
        self._offers = QWidget()
        column = QVBoxLayout(self._offers)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        column.addSpacing(6)
        column.addLayout(named)
        column.addWidget(note)
        self.addWidget(self._offers)
        self.addWidget(self.terms)
        self._show_buttons()

    def show_offered(self, offered: Sequence[Offer], here: Iterable[str], busy: bool) -> None:
        """here: ids of those that lie in the models folder; busy: whether a transfer is under way."""
        self._offered = {known.id: known for known in offered}
        self._here, self._busy = frozenset(here), busy
        self.list.show_rows([self._row(known) for known in offered])
        self._show_buttons()

    def _row(self, known: Offer) -> Row:
        has = ("Is in the models folder already.",) if known.id in self._here else ()
        return Row(known.id, known.name, (known.about, f"{gigabytes(known.size)} · {known.licence.name}", *has))

    def show_terms(self, planned: Planned) -> None:
        """Show what a download will be, to be accepted."""
        self.terms.show_plan(planned)
        self.setCurrentWidget(self.terms)

    @slot()
    def show_offers(self) -> None:
        """Back to the list of what can be fetched."""
        self.setCurrentWidget(self._offers)

    @slot()
    def _show_buttons(self) -> None:
        key = self.list.key
        self.download.setEnabled(key is not None and key not in self._here and not self._busy)
        self.look.setEnabled("/" in self.name.text() and not self._busy)

    @slot()
    def _download_offered(self) -> None:
        if self.download.isEnabled():
            self.plan_asked.emit(self.list.key)

    @slot()
    def _download_named(self) -> None:
        if self.look.isEnabled():
            self.plan_asked.emit(self.name.text().strip())
