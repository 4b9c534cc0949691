"""How to add a model for one's own photos."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui.threads import at_home

_TEXT = """
<p>The built-in model only knows the still lifes of the samples. For your own photos the program uses a
<b>Stable Diffusion 1 or 2</b> model that you have on this computer. It is not part of the program, and nothing is
downloaded.</p>
<p>What is needed is a <b>model folder</b> in the “diffusers” layout. It holds the file <i>model_index.json</i> and the
folders <i>unet</i>, <i>vae</i>, <i>text_encoder</i>, <i>tokenizer</i> and <i>scheduler</i>, with weights that end in
<i>.safetensors</i>. Single files (.ckpt, or one large .safetensors) cannot be used.</p>
<p>Such a model takes about 4 GB of disk and works best with a graphics card. Each model has terms of its own; read
them before you use it.</p>
"""


class ModelPage(QDialog):
    """Says what a model folder is and lets one be chosen. Not modal: the photo stays at hand."""

    folder_chosen = Signal(Path)

    def __init__(self, models_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a model for your own photos")
        text = QLabel(_TEXT + f"<p>Folders placed in <i>{models_folder}</i> are found by themselves.</p>")
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        choose = QPushButton("Choose a model folder…")
        choose.setProperty("primary", "true")
        choose.clicked.connect(self._choose)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 16)
        column.addWidget(text)
        column.addSpacing(8)
        column.addLayout(row)
        self.setMinimumWidth(540)

    @Slot()
    def _choose(self) -> None:
        at_home(self)
        folder = QFileDialog.getExistingDirectory(self, "Choose a model folder")
        if folder:
            self.folder_chosen.emit(Path(folder))
            self.close()
