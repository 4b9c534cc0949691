"""A list whose rows have a title and some quieter lines below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QTextDocument, QTextOption
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from nti_desktop.gui import theme
from nti_desktop.gui.widgets.plain import set_tip
from nti_desktop.gui.workers.threads import slot

_ACROSS, _DOWN = 9, 7  # pixels of room in a row
_ROW = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Row:
    """key: by which a row is known again; lines: what there is to say of it; warning: what is wrong with it."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    warning: str = ""
    tip: str = ""

    @property
    def words(self) -> str:
        """What the row says, for screen readers and for tests."""
        return ". ".join(filter(None, (self.title, *self.lines, self.warning)))


class RowList(QListWidget):
    """One row is selected; it stays so when the rows are shown anew."""

    selected = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setItemDelegate(_Rows(self))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.currentItemChanged.connect(self._selected)

    @property
    def rows(self) -> tuple[Row, ...]:
        """As they were shown last."""
        return tuple(self._row(self.item(index)) for index in range(self.count()))

    @property
    def key(self) -> str | None:
        """Of the row that is selected."""
        item = self.currentItem()
        return self._row(item).key if item is not None else None

    def select(self, key: str) -> bool:
        """Select the row of this key, and tell whether there is one."""
        keys = [row.key for row in self.rows]
        if key in keys:
            self.setCurrentRow(keys.index(key))
        return key in keys

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these in place of the ones before; what is selected stays selected."""
        if tuple(rows) == self.rows:
            return
        key = self.key
        self.blockSignals(True)
        self.clear()
        for row in rows:
            item = QListWidgetItem(self)
            item.setData(_ROW, row)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, row.words)
            set_tip(item, row.tip)
        self.select(key or "")
        self.blockSignals(False)
        self._selected()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select the row that the keys start from: Qt makes the first one current, and lets it look as before."""
        super().focusInEvent(event)
        item = self.currentItem()
        if item is not None:
            item.setSelected(True)

    def _row(self, item: QListWidgetItem) -> Row:
        row = item.data(_ROW)
        assert isinstance(row, Row)
        return row

    @slot()
    def _selected(self) -> None:
        self.selected.emit()


class _Rows(QStyledItemDelegate):
    """Paints a row, as high as its words need at the list's width."""

    def __init__(self, view: RowList) -> None:
        super().__init__(view)
        self._view = view

    def _document(self, index: _Index) -> QTextDocument:
        row: Row = index.data(_ROW)
        quiet = [f'<span style="color: {theme.QUIET.name()}">{escape(line)}</span>' for line in row.lines]
        warned = [f'<span style="color: {theme.WARNING.name()}">{escape(row.warning)}</span>'] if row.warning else []
        title = f'<span style="color: {theme.TEXT.name()}">{escape(row.title)}</span>'
        document = QTextDocument()
        document.setDefaultFont(self._view.font())
        document.setDocumentMargin(0)
        document.setDefaultTextOption(QTextOption())  # breaks within a long path where there is no other place
        option = document.defaultTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        document.setHtml("<br>".join((title, *quiet, *warned)))
        document.setTextWidth(self._view.viewport().width() - 2 * _ACROSS)
        return document

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(self._view.viewport().width() - 2, round(self._document(index).size().height()) + 2 * _DOWN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        style = self._view.style() or QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, self._view)
        painter.save()
        painter.translate(option.rect.x() + _ACROSS, option.rect.y() + _DOWN)
        self._document(index).drawContents(painter)
        painter.restore()
