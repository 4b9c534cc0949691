"""How closely the edit follows the photo."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from nti_desktop.gui.panels.sliders import ValueSlider
from nti_desktop.gui.threads import at_home
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults

STRONGEST = 12.0  # more only burns out colours; published work uses 7.5

_EXPLAINED = {
    "cross_until": ("Layout", "How long the edit keeps things where they are in the photo."),
    "self_until": ("Shapes", "How long the edit keeps the photo's shapes and surfaces."),
    "guidance_scale": ("Words", "How strongly the words of the edit pull."),
}


class StructurePanel(QWidget):
    """Sliders for what the whole edit takes from the photo, and how strongly the words act."""

    moved = Signal(str, float)  # field of EditRecipe, value
    reset_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        hint = QLabel("How closely the edit follows the photo. Less lets more change.")
        hint.setProperty("role", "quiet")
        hint.setWordWrap(True)
        column.addWidget(hint)
        self.sliders: dict[str, ValueSlider] = {}
        for field, (title, explanation) in _EXPLAINED.items():
            high, step = (STRONGEST, 0.1) if field == "guidance_scale" else (1.0, 0.01)
            low = 1.0 if field == "guidance_scale" else 0.0
            slider = ValueSlider(field, title, low, high, low, step, percent=field != "guidance_scale")
            slider.set_explanation(explanation)
            slider.set_title_width(56)
            slider.moved.connect(self._moved)
            note = QLabel(explanation)
            note.setProperty("role", "quiet")
            note.setWordWrap(True)
            column.addSpacing(6)
            column.addWidget(slider)
            column.addWidget(note)
            self.sliders[field] = slider
        self._fixed = QLabel("This photo was prepared for one strength of the words; prepare it again to change that.")
        self._fixed.setProperty("role", "quiet")
        self._fixed.setWordWrap(True)
        column.addWidget(self._fixed)
        reset = QPushButton("Back to the usual values")
        reset.clicked.connect(self._reset)
        column.addSpacing(10)
        column.addWidget(reset, 0, Qt.AlignmentFlag.AlignLeft)

    def show_recipe(self, recipe: EditRecipe, defaults: EditDefaults, prepared_for: float, fixed: bool) -> None:
        """prepared_for: guidance of the inversion; fixed: whether an edit may not differ from it."""
        for field in ("cross_until", "self_until"):
            self.sliders[field].set_default(getattr(defaults, field))
            self.sliders[field].show_value(getattr(recipe, field))
        guidance = self.sliders["guidance_scale"]
        guidance.set_default(prepared_for)
        guidance.show_value(prepared_for if recipe.guidance_scale is None else recipe.guidance_scale)
        guidance.setEnabled(not fixed)
        self._fixed.setVisible(fixed)

    @Slot(object, float)
    def _moved(self, key: object, value: float) -> None:
        at_home(self)
        self.moved.emit(str(key), value)

    @Slot()
    def _reset(self) -> None:
        at_home(self)
        self.reset_asked.emit()
