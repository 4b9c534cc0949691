"""Which model works on the photo, and how it is prepared."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui.widgets.choice_box import ChoiceBox
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.widgets.text_undo import NumberBox
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.methods import BENCHMARK, Method
from nti_desktop.recipe.parameters import STEPS
from nti_desktop.recipe.settings import EditDefaults


class ModelPanel(QWidget):
    """Model, way of preparing, number of steps."""

    preparing_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._defaults = EditDefaults()
        self._ways: tuple[Method, ...] = ()
        self.models = ChoiceBox()
        self.models.setAccessibleName("Model")
        self.models.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._about = Label()
        self._about.setProperty("role", "quiet")
        self._about.setWordWrap(True)
        self.more_button = QPushButton("Models…")
        set_tip(self.more_button, "See which models there are; add, download or remove one.")
        self.ways = ChoiceBox()
        self.ways.setAccessibleName("Way of preparing")
        self.ways.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.ways.activated.connect(self._way)
        self.about_way = Label()
        self.about_way.setProperty("role", "quiet")
        self.about_way.setWordWrap(True)
        self.steps = NumberBox()
        self.steps.setRange(int(STEPS.low), int(STEPS.high))
        self.steps.setAccessibleName(STEPS.label)
        set_tip(self.steps, STEPS.explanation)
        self.steps.valueChanged.connect(self._preparing)
        self.devices = ChoiceBox()
        self.devices.setAccessibleName("Device")
        set_tip(self.devices, "What computes: a graphics card is many times faster than the processor.")
        self.devices.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.precision = Label()
        self.precision.setProperty("role", "quiet")
        self.precision.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        for title, widgets in (
            ("Model", (self.models, self._about, self.more_button)),
            ("Way of editing", (self.ways, self.about_way)),
            (STEPS.label, (self.steps,)),
            ("Device", (self.devices, self.precision)),
        ):
            heading = Label(title)
            heading.setProperty("role", "heading")
            column.addWidget(heading)
            for widget in widgets:
                column.addWidget(widget)
            column.addSpacing(12)

    def show_models(self, entries: Sequence[ModelEntry], current: int) -> None:
        """List models. current: index of the one that is chosen."""
        self.models.clear()
        for entry in entries:
            self.models.addItem(entry.name)
        self.models.setCurrentIndex(current)
        entry = entries[current]
        self._about.setText(
            "Comes with the program and knows the samples only."
            if entry.built_in
            else f"Your own model. Terms: {entry.licence}."
        )

    def show_devices(self, names: Sequence[str], current: int, precision: str) -> None:
        """precision: in words, what computed last and in which precision; may be empty."""
        self.devices.clear()
        self.devices.addItems(list(names))
        self.devices.setCurrentIndex(current)
        self.precision.setText(precision)

    def show_preparing(self, defaults: EditDefaults, methods: Sequence[Method], method: Method) -> None:
        """Start from this one of the methods and what is best on the model."""
        self._defaults = defaults
        if self._ways != tuple(methods):
            self._ways = tuple(methods)
            self.ways.clear()
            self.ways.addItems([each.row.title for each in methods])
        self.ways.setCurrentIndex(self._ways.index(method))
        self._show_steps(defaults.steps_for(method))
        self._show_way()

    def _show_way(self) -> None:
        """Show what the chosen way is good for, and what was published of it."""
        row = self._ways[self.ways.currentIndex()].row
        figures = f" Published: {row.published}." if row.published else ""
        self.about_way.setText(row.sentence + figures)
        set_tip(self.about_way, f"{row.source}.{f' Figures: {BENCHMARK}.' if figures else ''}")

    def _show_steps(self, steps: int) -> None:
        self.steps.blockSignals(True)
        self.steps.setValue(steps)
        self.steps.blockSignals(False)

    def preparing(self) -> tuple[Method, int]:
        """Return the method and the number of steps that are chosen."""
        return self._ways[self.ways.currentIndex()], self.steps.value()

    @slot(int)
    def _way(self, index: int) -> None:
        self._show_steps(self._defaults.steps_for(self._ways[index]))
        self._show_way()
        self.preparing_changed.emit()

    @slot()
    def _preparing(self) -> None:
        self.preparing_changed.emit()
