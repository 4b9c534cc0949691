"""The Models page: what there is, what can be fetched, and where it goes."""

from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from nti_desktop.gui.controllers.model_library import Contents
from nti_desktop.gui.models.download_page import DownloadPage
from nti_desktop.gui.models.model_list import ModelList
from nti_desktop.gui.models.transfer_strip import TransferStrip
from nti_desktop.gui.widgets.message_bar import Message, MessageBar, Tone, Topic
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.records import gigabytes

_ABOUT = (
    "The built-in model knows the samples only. For your own photos the program needs a Stable Diffusion model, which "
    "you download here once or have on this computer already. The model and your photos stay on this computer."
)
_FAULTS = tuple((Topic.MODELS_FOLDER, number) for number in ("1", "2"))


class ModelsPage(QDialog):
    """Not modal: the photo stays at hand."""

    store_chosen = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        about = Label(_ABOUT)
        about.setWordWrap(True)
        self.messages = MessageBar(margin=0)
        self.list = ModelList()
        self.downloads = DownloadPage()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.list, "On this computer")
        self.tabs.addTab(self.downloads, "Download")
        self.strip = TransferStrip()
        self.store = Label()
        self.store.setProperty("role", "quiet")
        self.store.setWordWrap(True)
        self._folder = ""
        self.change = QPushButton("Change…")
        set_tip(self.change, "Let downloads go to another folder or drive; models that are in this one stay there.")
        self.change.clicked.connect(self._change)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addWidget(self.store, 1)
        foot.addWidget(self.change)
        foot.addSpacing(12)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(about)
        column.addWidget(self.messages)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.strip)
        column.addLayout(foot)
        self.setMinimumSize(620, 460)
        self.resize(within_screen(self, QSize(760, 600)))

    def show_store(self, contents: Contents | None) -> None:
        """Show where downloads go, and what is wrong with that."""
        if contents is None:
            self.store.setText("")
            return
        self._folder = str(contents.store)
        free = "" if contents.free is None else f" ({gigabytes(contents.free)} free)"
        self.store.setText(f"Downloads go to {contents.store}{free}.")
        said = {message.text for message in self.messages.messages}
        self.messages.clear(_FAULTS[len(contents.faults) :])
        for (topic, number), fault in zip(_FAULTS, contents.faults, strict=False):
            if fault not in said:
                self.messages.say(Message(fault, Tone.ERROR, topic=topic, of=number))

    @slot()
    def _change(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Choose the folder for downloads", self._folder)
        if name:
            self.store_chosen.emit(Path(name))
