"""What the chosen model is given: LoRAs with their weights, embeddings, and what reads pictures."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.gui.widgets.choice_box import ChoiceBox
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.widgets.sliders import ValueSlider
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.additions import ModelAddition
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.store import Listed
from nti_desktop.recipe.parameters import ADDITION

_PAUSE = 600  # ms after which a slider has come to rest
_HIGHEST = 150  # pixels
_MOST_OFFERED = 100


class _Row(QWidget):
    """One file, with its weight where it has one."""

    removed = Signal(Path)

    def __init__(self, addition: ModelAddition) -> None:
        super().__init__()
        self._file = file = addition.given.file
        self.about = Label(addition.fault or f"{file.name}: {addition.about}")
        self.about.setWordWrap(True)
        self.about.setProperty("role", "warning" if addition.fault else "quiet")
        set_tip(self.about, str(file))
        self.slider: ValueSlider | None = None
        self.remove = QPushButton("Remove")
        self.remove.setAutoDefault(False)
        self.remove.setAccessibleName(f"Remove {file.name}")
        set_tip(self.remove, "Use the model without it; the file stays where it is.")
        self.remove.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.about, 1)
        if addition.has_weight:
            self.slider = ValueSlider(file, ADDITION)
            self.slider.set_title_width(self.slider.title_width())
            self.slider.show_value(addition.given.weight)
            row.addWidget(self.slider, 1)
        row.addWidget(self.remove)

    @slot()
    def _remove(self) -> None:
        self.removed.emit(self._file)


class AdditionsPanel(QWidget):
    """Nothing to see for a model that can be given nothing, as it cannot be used."""

    extend_asked = Signal(Path, Path, float)  # model, file, weight
    reduce_asked = Signal(Path, Path)
    teach_asked = Signal(Path, ModelEntry)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: Path | None = None
        self._entry: ModelEntry | None = None
        self._shown: tuple[Path | None, tuple[ModelAddition, ...]] = (None, ())
        self._moved: tuple[Path, Path, float] | None = None
        self._rest = QTimer(self, singleShot=True, interval=_PAUSE)
        self._rest.timeout.connect(self._weigh)
        self.rows: list[_Row] = []
        self._rows = QScrollArea()
        self._rows.setWidgetResizable(True)
        self._rows.setFrameShape(QFrame.Shape.NoFrame)
        self._rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.offered = ChoiceBox()
        self.offered.setAccessibleName("LoRAs, embeddings and IP-Adapters that were found")
        set_tip(self.offered, "Add one that lies where other programs keep theirs, or in the models folder.")
        self.offered.activated.connect(self._take_offered)
        self.add = QPushButton("Add a LoRA, embedding or IP-Adapter…")
        self.add.setAutoDefault(False)
        set_tip(self.add, "Give this model a .safetensors file; it stays where it is.")
        self.add.clicked.connect(self._choose_file)
        self.teach = QPushButton("Teach a word…")
        self.teach.setAutoDefault(False)
        set_tip(self.teach, "Let this model learn what a thing of yours looks like from a few photos of it.")
        self.teach.clicked.connect(self._teach)
        foot = QHBoxLayout()
        foot.addWidget(self.offered, 1)
        foot.addStretch(1)
        foot.addWidget(self.teach)
        foot.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._rows)
        column.addLayout(foot)
        self.hide()

    def show_model(self, model: Listed | None, found: Sequence[Path]) -> None:
        """Show what a model is given. found: files that can be offered besides."""
        entry = model.entry if model else None
        self._entry, self._model = entry, Path(model.key) if model and entry else None
        self.setVisible(self._model is not None)
        if entry is None or self._model is None:
            return
        here = {each.given.file for each in entry.additions}
        others = [file for file in found if file not in here][:_MOST_OFFERED]
        self.offered.clear()
        self.offered.addItem("Found on this computer…", None)
        for file in others:
            self.offered.addItem(file.name, file)
        self.offered.setVisible(bool(others))
        if self._shown != (self._model, entry.additions):
            self._shown = (self._model, entry.additions)
            self._show_rows(entry.additions)

    def _show_rows(self, additions: Sequence[ModelAddition]) -> None:
        self._rest.stop()
        self._weigh()
        self.rows = [_Row(addition) for addition in additions]
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        for row in self.rows:
            row.removed.connect(self._take_away)
            if row.slider is not None:
                row.slider.moved.connect(self._slid)
            column.addWidget(row)
        column.addStretch(1)
        self._rows.setWidget(inside)
        self._rows.setVisible(bool(additions))
        self._rows.setFixedHeight(min(inside.sizeHint().height(), _HIGHEST))
        before: QWidget = self._rows  # Tab goes as one reads, though they were made after the buttons below
        for row in self.rows:
            for widget in (*row.findChildren(QSlider), row.remove):
                QWidget.setTabOrder(before, widget)
                before = widget

    @slot(object, float)
    def _slid(self, file: object, weight: float) -> None:
        """Told once it rests: each weight is another model, which is to be looked at anew."""
        assert isinstance(file, Path)
        if self._model is None:
            return
        if self._moved is not None and self._moved[1] != file:
            self._weigh()
        self._moved = (self._model, file, round(weight, 2))
        self._rest.start()

    @slot()
    def _weigh(self) -> None:
        moved, self._moved = self._moved, None
        if moved is not None:
            self.extend_asked.emit(*moved)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing that was moved is lost when the page closes."""
        super().hideEvent(event)
        self._weigh()

    @slot(Path)
    def _take_away(self, file: Path) -> None:
        self._weigh()
        if self._model is not None:
            self.reduce_asked.emit(self._model, file)

    @slot(int)
    def _take_offered(self, index: int) -> None:
        file = self.offered.itemData(index)
        self.offered.setCurrentIndex(0)
        if file is not None and self._model is not None:
            self.extend_asked.emit(self._model, file, ADDITION.usual)

    @slot()
    def _teach(self) -> None:
        if self._model is not None and self._entry is not None:
            self.teach_asked.emit(self._model, self._entry)

    @slot()
    def _choose_file(self) -> None:
        model = self._model
        name, _ = QFileDialog.getOpenFileName(
            self, "Add a LoRA, embedding or IP-Adapter", "", "Additions (*.safetensors *.SAFETENSORS *.sft *.pt *.bin)"
        )
        if name and model is not None:
            self.extend_asked.emit(model, Path(name), ADDITION.usual)
