"""Which part of the photo is worked on, how much of its detail the model sees there, and choosing another part."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QFrame, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from nti_desktop.editing.area_rows import AreaRow
from nti_desktop.gui.widgets.flow import FlowLayout
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area


class AreaBar(QFrame):
    """A button for each area, a menu for a new one, and the effective resolution in words."""

    chosen = Signal(Area)
    left = Signal(Area)
    draw_asked = Signal()
    around_asked = Signal(int)  # position of a word of the edit

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.buttons: list[QPushButton] = []
        self._rows: tuple[AreaRow, ...] = ()
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._clicked)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.menu.triggered.connect(self._triggered)
        self._words: tuple[tuple[int, str], ...] = ()
        self.add_button = QToolButton(self)
        self.add_button.setText("Work on an area")
        set_tip(self.add_button, "Give a part of the photo all of the model's resolution.")
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add_button.setMenu(self.menu)
        self.leave_button = QPushButton("Remove area", self)
        set_tip(self.leave_button, "Take this area's edit out of this version.")
        self.leave_button.clicked.connect(self._leave)
        self.detail = Label("", self)
        self.detail.setProperty("role", "quiet")
        self._flow = FlowLayout(gap=6)  # there may be more areas than the window is wide
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 4, 14, 4)
        column.addLayout(self._flow)

    def show_areas(self, rows: Sequence[AreaRow], current: Area, detail: str) -> None:
        """detail: the effective resolution in words."""
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            for button in self.buttons:
                self._group.removeButton(button)
                button.deleteLater()
            self.buttons = []
            while self._flow.takeAt(0):
                pass
            for number, area_row in enumerate(rows):
                button = QPushButton(area_row.label)
                button.setCheckable(True)
                button.setProperty("chip", "true")
                set_tip(button, area_row.explanation)
                self._group.addButton(button, number)
                self.buttons.append(button)
            for widget in (*self.buttons, self.add_button, self.leave_button, self.detail):
                self._flow.addWidget(widget)
        for button, area_row in zip(self.buttons, rows, strict=True):
            button.setChecked(area_row.area == current)
            button.setVisible(len(rows) > 1)
        here = next(area_row for area_row in rows if area_row.area == current)
        self.leave_button.setVisible(here.can_leave)
        self.detail.setText(detail)

    def show_words(self, words: tuple[tuple[int, str], ...]) -> None:
        """Words that an area can be put around: position in the edit, text."""
        self._words = words

    @slot()
    def _fill_menu(self) -> None:
        self.menu.clear()
        self.menu.addAction("Draw it on the photo")
        if self._words:
            self.menu.addSeparator()
        for position, word in self._words:
            self.menu.addAction(f"Around “{word}”").setData(position)

    @slot(QAction)
    def _triggered(self, action: QAction) -> None:
        position = action.data()
        if position is None:
            self.draw_asked.emit()
        else:
            self.around_asked.emit(position)

    @slot(int)
    def _clicked(self, number: int) -> None:
        self.chosen.emit(self._rows[number].area)

    @slot()
    def _leave(self) -> None:
        number = self._group.checkedId()
        if number >= 0:
            self.left.emit(self._rows[number].area)
