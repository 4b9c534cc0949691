"""How to export: format, size, colours, what the file says, its name and folder."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.core.errors import PhotoError
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.colour import is_srgb, profile_name
from nti_desktop.photo.export.formats import FORMATS
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.photo import Photo

_BITS = (("As the photo", None), ("8 bit", 8), ("16 bit", 16))
_CONFLICTS = (
    ("Choose a free name", Conflict.UNIQUE),
    ("Replace the file", Conflict.OVERWRITE),
    ("Leave it and write nothing", Conflict.SKIP),
)
_LARGEST = 60_000  # pixels


class ExportDialog(QDialog):
    """Not modal; starts from how the last export was asked for."""

    asked = Signal(ExportRequest)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._photo: Photo | None = None
        self._version = ""
        self.format = QComboBox()
        for form in FORMATS:
            self.format.addItem(form.label, form.suffixes[0])
        self.quality = QSpinBox()
        self.quality.setRange(1, 100)
        self.full_chroma = QCheckBox("Colours at full resolution")
        self.bits = QComboBox()
        for label, bits in _BITS:
            self.bits.addItem(label, bits)
        self.smaller = QCheckBox("Make it smaller: longest side")
        self.longest_side = QSpinBox()
        self.longest_side.setRange(16, _LARGEST)
        self.longest_side.setValue(2048)
        self.longest_side.setSuffix(" pixels")
        self.longest_side.setAccessibleName("Longest side")
        self.colours = QComboBox()
        self.metadata = QCheckBox("The photo's own information (camera, caption, rating…)")
        self.location = QCheckBox("Where it was taken")
        self.prompt = QCheckBox("What the edit was asked for, in words")
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("Beside the photo")
        self.folder.setAccessibleName("Folder")
        self.choose_folder = QPushButton("Choose…")
        self.template = QLineEdit()
        set_tip(self.template, "{photo} is the photo's name, {version} the version's, {date} is today.")
        self.conflict = QComboBox()
        for label, conflict in _CONFLICTS:
            self.conflict.addItem(label, conflict)
        self.outcome = Label()
        self.outcome.setWordWrap(True)
        self.outcome.setProperty("role", "quiet")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        size = QHBoxLayout()
        size.addWidget(self.smaller)
        size.addWidget(self.longest_side)
        size.addStretch(1)
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose_folder)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, QWidget | QHBoxLayout], ...] = (
            ("&Format", self.format),
            ("&Quality", self.quality),
            ("", self.full_chroma),
            ("&Depth", self.bits),
            ("Size", size),
            ("&Colours", self.colours),
            ("The file says", self.metadata),
            ("", self.location),
            ("", self.prompt),
            ("Folder", folder),
            ("&Name", self.template),
            ("If the name is taken", self.conflict),
        )
        for title, field in rows:
            label = Label(title)
            if isinstance(field, QWidget):
                label.setBuddy(field)
                form.addRow(label, field)
            else:
                form.addRow(label, field)
        self.buttons = QDialogButtonBox()
        self.buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.export_button = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export_button.setProperty("primary", "true")
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.outcome)
        column.addWidget(self.buttons)
        self.export_button.setDefault(True)  # known to the dialog only once the button is in it
        self.choose_folder.setAutoDefault(False)
        self.setMinimumWidth(520)

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.close)
        self.choose_folder.clicked.connect(self._choose_folder)
        for box in (self.format, self.bits, self.colours, self.conflict):
            box.currentIndexChanged.connect(self._refresh)
        for line in (self.folder, self.template):
            line.textChanged.connect(self._refresh)
        for check in (self.smaller, self.metadata):
            check.toggled.connect(self._refresh)

    def ask(self, request: ExportRequest, photo: Photo, version: str) -> None:
        """Show the dialog. request: what it starts from; photo, version: see `show_subject`."""
        settings = request.settings
        self.colours.clear()
        if not is_srgb(photo.profile):
            self.colours.addItem(f"The photo's own: {profile_name(photo.profile)}", False)
        self.colours.addItem("sRGB", True)
        self._select(self.format, request.suffix)
        self._select(self.bits, settings.bits)
        self._select(self.colours, settings.srgb)
        self._select(self.conflict, request.conflict)
        self.quality.setValue(settings.quality)
        self.full_chroma.setChecked(settings.full_chroma)
        self.smaller.setChecked(settings.longest_side is not None)
        if settings.longest_side is not None:
            self.longest_side.setValue(settings.longest_side)
        self.metadata.setChecked(settings.metadata)
        self.location.setChecked(settings.location)
        self.prompt.setChecked(settings.prompt)
        self.template.setText(request.template)
        self.show_subject(photo, version)
        self.show()
        self.raise_()
        self.activateWindow()

    def show_subject(self, photo: Photo, version: str) -> None:
        """Name what is exported. photo: that it is of; version: its name."""
        self._photo, self._version = photo, version
        self._refresh()

    def request(self) -> ExportRequest:
        """Read what is chosen."""
        folder = self.folder.text().strip()
        return ExportRequest(
            folder=Path(folder).expanduser() if folder else None,
            template=self.template.text(),
            suffix=self.format.currentData(),
            conflict=Conflict(self.conflict.currentData()),
            settings=ExportSettings(
                quality=self.quality.value(),
                full_chroma=self.full_chroma.isChecked(),
                bits=self.bits.currentData(),
                longest_side=self.longest_side.value() if self.smaller.isChecked() else None,
                srgb=bool(self.colours.currentData()) and self.colours.count() > 1,
                metadata=self.metadata.isChecked(),
                location=self.location.isChecked(),
                prompt=self.prompt.isChecked(),
            ),
        )

    @slot()
    def _refresh(self) -> None:
        """Enable what the format knows, and say where the file goes."""
        if self._photo is None or self.format.currentData() is None:
            return
        form = FORMATS[self.format.currentIndex()]
        self.quality.setEnabled(form.lossy)
        self.full_chroma.setEnabled(form.chroma)
        self.bits.setEnabled(form.deep)
        self.longest_side.setEnabled(self.smaller.isChecked())
        self.location.setEnabled(self.metadata.isChecked())
        self.colours.setEnabled(self.colours.count() > 1)
        try:
            target = self.request().target(self._photo.path, self._version)
        except PhotoError as error:
            self.outcome.setText(str(error))
            self.export_button.setEnabled(False)
            return
        self.outcome.setText(f"Becomes {target}")
        self.export_button.setEnabled(True)

    @slot()
    def _choose_folder(self) -> None:
        assert self._photo is not None
        start = self.folder.text() or str(self._photo.path.parent)
        chosen = QFileDialog.getExistingDirectory(self, "Export to", start)
        if chosen:
            self.folder.setText(chosen)

    @slot()
    def _accept(self) -> None:
        self.hide()
        self.asked.emit(self.request())

    @staticmethod
    def _select(box: QComboBox, data: object) -> None:
        index = next((i for i in range(box.count()) if box.itemData(i) == data), 0)
        box.setCurrentIndex(index)
