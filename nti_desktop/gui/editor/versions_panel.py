"""The versions of a photo: several edits side by side in one project."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeySequence, QPixmap, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot

THUMBNAIL = 56
_ID = Qt.ItemDataRole.UserRole
_INSIDE = 4  # pixels from the list's border, where there is an item


@dataclass(frozen=True, eq=False)
class VersionRow:
    """What the list shows of a version."""

    id: str
    name: str
    prompt: str
    thumbnail: QImage


class _NameDelegate(QStyledItemDelegate):
    """Lets a name be typed in peace: Qt writes the old one again whenever anything of the version changes."""

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        if isinstance(editor, QLineEdit) and not editor.isModified() and editor.text() != index.data():
            super().setEditorData(editor, index)


class VersionsPanel(QFrame):
    """Add, rename, delete, switch."""

    chosen = Signal(str)
    renamed = Signal(str, str)  # id, name
    looked_at = Signal(tuple)  # ids of the versions that can be seen without scrolling

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        heading = Label("Versions")
        heading.setProperty("role", "heading")
        self._hint = Label("Several edits of a photo that is prepared can be kept here side by side.")
        self._hint.setProperty("role", "quiet")
        self._hint.setWordWrap(True)
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_NameDelegate(self.list))
        self.list.verticalScrollBar().valueChanged.connect(self._look)
        self.list.verticalScrollBar().rangeChanged.connect(self._look)
        self._icons: dict[int, QIcon] = {}  # by the key of the picture they are of
        self.list.setAccessibleName("Versions")
        self.list.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.list.setEditTriggers(QListWidget.EditTrigger.DoubleClicked | QListWidget.EditTrigger.EditKeyPressed)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setWordWrap(True)
        self.list.currentItemChanged.connect(self._current_changed)
        self.list.itemChanged.connect(self._item_changed)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)  # not while a name is typed
        self.add_button = QPushButton("Add")
        self.rename_button = QPushButton("Rename")
        self.delete_button = QPushButton("Delete")
        set_tip(self.add_button, "Add a version that starts as a copy of this one.")
        self.rename_button.clicked.connect(self.rename_current)
        delete.activated.connect(self.delete_button.click)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.add_button, self.rename_button, self.delete_button):
            button.setStyleSheet("padding: 4px 6px;")
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 10, 8, 8)
        column.addWidget(heading)
        column.addWidget(self._hint)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)

    def show_versions(self, rows: Sequence[VersionRow], current: str | None, editable: bool) -> None:
        """editable: whether there is anything to add a version to."""
        self._hint.setVisible(not rows)
        self.list.blockSignals(True)
        known, self._icons = self._icons, {}
        while self.list.count() > len(rows):
            self.list.takeItem(self.list.count() - 1)
        for index, row in enumerate(rows):
            item = self.list.item(index) if index < self.list.count() else self._add_item()
            item.setData(_ID, row.id)
            item.setText(row.name)
            set_tip(item, row.prompt)
            key = row.thumbnail.cacheKey()
            self._icons[key] = self._icons.get(key) or known.get(key) or _icon(row.thumbnail)
            item.setIcon(self._icons[key])
            item.setSizeHint(QSize(0, THUMBNAIL + 12))
            if row.id == current:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self.add_button.setEnabled(editable)
        self.rename_button.setEnabled(bool(rows))
        self.delete_button.setEnabled(len(rows) > 1)
        self._look()

    def _add_item(self) -> QListWidgetItem:
        item = QListWidgetItem(self.list)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        return item

    def show_thumbnail(self, version: str, thumbnail: QImage) -> None:
        """The picture of one of the versions is there."""
        self.list.blockSignals(True)
        for item in map(self.list.item, range(self.list.count())):
            if item.data(_ID) == version:
                item.setIcon(_icon(thumbnail))
        self.list.blockSignals(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other versions are seen."""
        super().resizeEvent(event)
        self._look()

    @slot()
    def _look(self) -> None:
        """Say which versions can be seen."""
        seen = self.list.viewport().rect().adjusted(_INSIDE, _INSIDE, -_INSIDE, -_INSIDE)
        first, last = (self.list.indexAt(corner).row() for corner in (seen.topLeft(), seen.bottomLeft()))
        if first >= 0:
            rows = range(first, self.list.count() if last < 0 else last + 1)
            self.looked_at.emit(tuple(self.list.item(row).data(_ID) for row in rows))

    @slot()
    def rename_current(self) -> None:
        """Let the name be typed in the list."""
        if self.list.currentItem():
            self.list.setFocus()
            self.list.editItem(self.list.currentItem())

    @slot()
    def settle(self) -> None:
        """Keep the name that is being typed, if there is one."""
        if isinstance(self.list.focusWidget(), QLineEdit):
            self.list.setFocus()

    @slot(QListWidgetItem, QListWidgetItem)
    def _current_changed(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(_ID))

    @slot(QListWidgetItem)
    def _item_changed(self, item: QListWidgetItem) -> None:
        self.renamed.emit(item.data(_ID), item.text())


def _icon(thumbnail: QImage) -> QIcon:
    pixmap = QPixmap.fromImage(
        thumbnail.scaled(
            2 * THUMBNAIL,  # sharp on a screen with twice the pixels
            2 * THUMBNAIL,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    )
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # untinted: it is a photo
    return icon
