"""A named slider for a number, with its value beside it; a double click puts it back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.parameters import Parameter


class _Slider(QSlider):
    double_clicked = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only with the focus: a wheel that scrolls a panel must not change numbers on its way."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ValueSlider(QWidget):
    """A parameter's number. key: what it belongs to, sent along with it; title: instead of the parameter's."""

    moved = Signal(object, float)  # key, value

    def __init__(self, key: object, parameter: Parameter, title: str | None = None) -> None:
        super().__init__()
        self.key = key
        low, high = parameter.slider
        step = parameter.step
        self._step, self._default, self._percent = step, parameter.usual, parameter.percent
        self._title = Label()
        self._title.setMinimumWidth(96)
        self._title.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._slider = _Slider()
        self._slider.setRange(round(low / step), round(high / step))
        self._slider.setPageStep(max(1, round((high - low) / step / 10)))
        self._number = Label()
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._number.setMinimumWidth(self._widest_number())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 0, 1)
        row.addWidget(self._title)
        row.addWidget(self._slider, 1)
        row.addWidget(self._number)
        self.set_title(title or parameter.label)
        self.set_explanation(parameter.explanation)
        self.show_value(parameter.usual)
        self._slider.valueChanged.connect(self._slid)
        self._slider.double_clicked.connect(self._reset)

    @property
    def value(self) -> float:
        """Where it stands."""
        return self._slider.value() * self._step

    @property
    def title(self) -> str:
        """The words before it."""
        return self._title.text()

    @property
    def number(self) -> str:
        """The value as it is shown."""
        return self._number.text()

    def _widest_number(self) -> int:
        """So that the slider does not become shorter under the pointer: a number that was changed is bold."""
        self._number.ensurePolished()
        bold = self._number.font()
        bold.setBold(True)
        return QFontMetrics(bold).horizontalAdvance("000 %") + 2

    def set_title(self, title: str) -> None:
        """Put other words before it."""
        self._title.setText(title)
        self._slider.setAccessibleName(title)

    def set_title_width(self, width: int) -> None:
        """Line it up with other sliders. width: of the words before it, in pixels."""
        self._title.setFixedWidth(width)

    def title_width(self) -> int:
        """Room that the title needs."""
        return self._title.fontMetrics().horizontalAdvance(self._title.text()) + 4

    def set_explanation(self, text: str) -> None:
        """Say what it does in the tooltip."""
        set_tip(self, f"{text} Double-click puts it back.")
        self._slider.setAccessibleDescription(text)

    def show_value(self, value: float) -> None:
        """Show a value that came from elsewhere; nothing is sent."""
        self._slider.blockSignals(True)
        self._slider.setValue(round(value / self._step))
        self._slider.blockSignals(False)
        self._show_number(value)

    def slide_to(self, value: float) -> None:
        """As if dragged there."""
        self._slider.setValue(round(value / self._step))

    @slot(int)
    def _slid(self, _position: int) -> None:
        self._show_number(self.value)
        self.moved.emit(self.key, self.value)

    @slot()
    def _reset(self) -> None:
        self.slide_to(self._default)

    def set_default(self, value: float) -> None:
        """Set the value that a double click leads to; any other value is shown as a changed one."""
        self._default = value

    def _show_number(self, value: float) -> None:
        """The value itself, also where the slider has no such step or does not reach so far."""
        digits = 1 if abs(value * 10 - round(value * 10)) < 0.01 else 2
        text = f"{value * 100:.0f} %" if self._percent else f"{value:.{digits}f}".replace("-", "−")
        self._number.setText(text)
        changed = abs(value - self._default) > self._step / 2
        font = self._number.font()
        font.setBold(changed)
        self._number.setFont(font)
