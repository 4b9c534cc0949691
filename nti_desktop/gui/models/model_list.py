"""The models on this computer, downloads that were broken off, and what can be done with each."""

from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui.controllers.model_library import Contents
from nti_desktop.gui.models.additions_panel import AdditionsPanel
from nti_desktop.gui.widgets.plain import Label, Question, set_tip
from nti_desktop.gui.widgets.row_list import Row, RowList
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.hub.offers import find_offer
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.records import gigabytes
from nti_desktop.models.library.store import Incoming, Listed
from nti_desktop.recipe.sees import Sees

_FILES = "Models (*.safetensors *.SAFETENSORS *.sft)"
_EDITED = {
    Sees.PHOTO: "takes orders",
    Sees.SURROUNDINGS: "for inpainting: removes or replaces what is marked, changes no words",
}
_FROM = {Source.STORE.value: "in the models folder", Source.ADDED.value: "added by you"}


class ModelList(QWidget):
    """What is chosen in the list is what the buttons are about."""

    use_asked = Signal(ModelEntry)
    go_on_asked = Signal(str)  # with a download that was broken off
    verify_asked = Signal(Path)
    remove_asked = Signal(Listed)
    drop_asked = Signal(Incoming)
    add_asked = Signal(Path)
    vae_asked = Signal(Path, object)  # for the model there, the file of the one to use, None for its own

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models: dict[str, Listed] = {}
        self._broken_off: dict[str, Incoming] = {}
        self._found: tuple[Path, ...] = ()
        self._used = ""
        self._busy = False
        self.question: Question | None = None
        self._asked: Listed | Incoming | None = None  # what it is about, whatever is selected by the answer
        self.list = RowList("Models on this computer")
        self.list.selected.connect(self._show_buttons)
        self.list.itemDoubleClicked.connect(self._use)
        self.additions = AdditionsPanel()
        self.looking = Label("Looking for models…")
        self.looking.setProperty("role", "quiet")
        self.use = _button("Use", "Work with this model from now on.")
        self.use.clicked.connect(self._use)
        self.use.setProperty("primary", "true")
        self.verify = _button("Verify", "Read its files and compare them with what was published.")
        self.verify.clicked.connect(self._verify)
        self.show_folder = _button("Show in folder", "Show where it lies on the disk.")
        self.show_folder.clicked.connect(self._show_folder)
        self.remove = _button("Remove…", "Delete it, or take it off this list where it lies elsewhere.")
        self.remove.clicked.connect(self._remove)
        self.vae = _button(
            "Choose a VAE…", "Choose the autoencoder that draws this model’s pictures, for its own or none."
        )
        self.own_vae = _button("Use its own VAE", "Go back to the autoencoder that the model came with.")
        self.vae.clicked.connect(self._choose_vae)
        self.own_vae.clicked.connect(self._use_own_vae)
        self.add_file = _button("Add a file…", "List a .safetensors file; it stays where it is.")
        self.add_file.clicked.connect(self._add_file)
        self.add_folder = _button(
            "Add a folder…", "List a model’s folder, or all models in a folder; they stay where they are."
        )
        self.add_folder.clicked.connect(self._add_folder)
        row, adding = QHBoxLayout(), QHBoxLayout()
        for button in (self.use, self.verify, self.vae, self.own_vae, self.show_folder, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        adding.addWidget(self.add_file)
        adding.addWidget(self.add_folder)
        adding.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.looking)
        column.addWidget(self.list, 1)
        column.addWidget(self.additions)
        column.addLayout(row)
        column.addLayout(adding)
        self._show_buttons()

    def show_contents(self, contents: Contents | None, looking: bool, used: str, busy: bool) -> None:
        """used: id of the model that is worked with; busy: whether a download or a verification is under way."""
        self._used, self._busy = used, busy
        self.looking.setVisible(looking)
        if contents is not None:
            self._models = {model.key: model for model in contents.models}
            self._found = contents.found
            self._broken_off = {str(download.folder): download for download in contents.broken_off}
            models = [self._model_row(key, model) for key, model in self._models.items()]
            self.list.show_rows([*models, *(_broken_row(key, download) for key, download in self._broken_off.items())])
        self._show_buttons()

    def _model_row(self, key: str, model: Listed) -> Row:
        entry, path = model.entry, model.path
        size = [gigabytes(model.size)] if path is not None and model.size else []
        where = [] if path is None else [_FROM.get(model.source, f"found in {model.source}")]
        if entry is None:
            return Row(key, model.name, (" · ".join([*where, *size]),), model.fault or "", str(path))
        title = f"{entry.name}  —  in use" if entry.id == self._used else entry.name
        kind = ["knows the samples only" if entry.built_in else entry.family]
        edited = [_EDITED[entry.sees]] if entry.sees in _EDITED else []
        vae = [f"with the VAE “{entry.files.paired.name}”"] if path is not None and entry.files.paired else []
        previews = ["previews by a small decoder"] if entry.files.preview_decoder else []
        given = [each.given.file.name for each in entry.additions if each.fault is None]
        with_them = [f"with {', '.join(given)}"] if given else []
        said = " · ".join([*kind, *with_them, *edited, *where, *size, *vae, *previews, f"licence: {model.licence}"])
        return Row(key, title, (said,), entry.preview_fault or "", tip=str(path or ""))

    @slot()
    def _show_buttons(self) -> None:
        model, download = self._model, self._download
        entry = model.entry if model else None
        self.use.setText("Go on" if download else "Use")
        set_tip(self.use, "Fetch the rest." if download else "Work with this model from now on.")
        self.use.setEnabled(not self._busy if download else entry is not None and entry.id != self._used)
        own = model is not None and model.path is not None
        self.verify.setEnabled(own and not self._busy)
        self.vae.setEnabled(own and model is not None and (entry is not None or model.lacks_autoencoder))
        self.own_vae.setVisible(own and entry is not None and entry.files.paired is not None)
        self.show_folder.setEnabled(own)
        self.additions.show_model(model, self._found)
        self.remove.setEnabled(own or (download is not None and not self._busy))

    @property
    def _model(self) -> Listed | None:
        return self._models.get(self.list.key or "")

    @property
    def _download(self) -> Incoming | None:
        return self._broken_off.get(self.list.key or "")

    @slot()
    def _use(self) -> None:
        if not self.use.isEnabled():
            return
        if (download := self._download) is not None:
            self.go_on_asked.emit(download.wanted)
        elif (model := self._model) is not None:
            self.use_asked.emit(model.entry)

    @slot()
    def _verify(self) -> None:
        if self._model is not None:
            self.verify_asked.emit(self._model.path)

    @slot()
    def _choose_vae(self) -> None:
        if self._model is not None and self._model.path is not None:
            self.choose_vae(self._model.path)

    @slot(Path)
    def choose_vae(self, model: Path) -> None:
        """Ask for the file of an autoencoder for the model that lies there."""
        name, _ = QFileDialog.getOpenFileName(self, f"Choose a VAE for “{model.name}”", str(model.parent), _FILES)
        if name:
            self.vae_asked.emit(model, Path(name))

    @slot()
    def _use_own_vae(self) -> None:
        if self._model is not None and self._model.path is not None:
            self.vae_asked.emit(self._model.path, None)

    @slot()
    def _show_folder(self) -> None:
        path = self._model.path if self._model else None
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))

    @slot()
    def _remove(self) -> None:
        model, download = self._model, self._download
        self._asked = download or model
        if download is not None:
            self._ask(f"Delete what has arrived of “{_name_of(download)}”, {gigabytes(download.size)}?", "Delete")
        elif model is not None and model.source == Source.STORE and model.path is not None:
            self._ask(f"Delete “{model.name}”, {gigabytes(model.size)}, from the models folder?", "Delete")
        elif model is not None and model.path is not None:
            text = f"Take “{model.name}” off this list? Its files stay where they are, in “{model.path.parent}”."
            self._ask(text, "Take off the list")

    def _ask(self, text: str, title: str) -> None:
        """Not waited for: the window goes on."""
        self.question = box = Question("Models", text, self)
        box.addButton(title, Question.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("Keep", Question.ButtonRole.RejectRole))
        box.accepted.connect(self._remove_for_good)
        box.finished.connect(box.deleteLater)
        box.open()

    @slot()
    def _remove_for_good(self) -> None:
        if isinstance(self._asked, Incoming):
            self.drop_asked.emit(self._asked)
        elif self._asked is not None:
            self.remove_asked.emit(self._asked)

    @slot()
    def _add_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Add a model file", "", _FILES)
        if name:
            self.add_asked.emit(Path(name))

    @slot()
    def _add_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Add a model’s folder")
        if name:
            self.add_asked.emit(Path(name))


def _broken_row(key: str, download: Incoming) -> Row:
    of = f" of {gigabytes(download.total)}" if download.total else ""
    title = f"{_name_of(download)}  —  not here yet"
    return Row(key, title, (f"{gigabytes(download.size)}{of} have arrived; go on with it, or remove it.",))


def _name_of(download: Incoming) -> str:
    known = find_offer(download.wanted)
    return known.name if known else download.wanted


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    set_tip(button, tip)
    return button
