"""How closely the edit follows the photo."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QScrollArea, QToolButton, QVBoxLayout, QWidget

from nti_desktop.editing import feedback
from nti_desktop.gui.widgets.choice_box import ChoiceBox
from nti_desktop.gui.widgets.explanation import explanation
from nti_desktop.gui.widgets.plain import Label
from nti_desktop.gui.widgets.sliders import ValueSlider
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import MethodRow
from nti_desktop.recipe.parameters import FOLLOW, GUIDANCE, IMAGE_PROMPT, PARAMETERS, Parameter
from nti_desktop.recipe.recipe import EditRecipe, Lot, Reweighting

_LOTS = {
    Lot.HELD: "By lot, the photo held",
    Lot.SEED: "By lot (as published)",
    Lot.OWN: "The photo’s own (DDIB)",
}
_USUAL = {parameter.field: parameter.usual for parameter in PARAMETERS}
_KINDS = {
    Kind.COLOUR: "a colour",
    Kind.MATERIAL: "a material",
    Kind.THING: "a thing",
    Kind.GROUND: "the ground",
    Kind.LIGHT: "the light",
    Kind.WEATHER: "the weather",
    Kind.FILM: "the kind of picture",
    Kind.OTHER: "something else",
}
_ACT_ON = {
    Reweighting.EMBEDDING: "All that the sentence says",
    Reweighting.ATTENTION: "The word’s attention (as published)",
}


class StructurePanel(QWidget):
    """One slider from free to as the photo, which the kind of change sets unless it is moved; the rest under
    Advanced.
    """

    reweighting_chosen = Signal(Reweighting)
    lot_chosen = Signal(Lot)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 10, 12, 10)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        about = explanation("How closely the edit follows the photo: a colour may follow it all the way, light hardly.")
        self.automatic = QCheckBox("Automatic, by the kind of change")
        self.kinds = explanation("")
        self.follow = ValueSlider("follow", FOLLOW)
        ends = explanation("0 % is free, 100 % is as the photo.")
        self._windows: tuple[QWidget, ...] = (about, self.automatic, self.kinds, self.follow, ends)
        for widget in self._windows:
            column.addWidget(widget)

        self.advanced = QToolButton()
        self.advanced.setText("Advanced")
        self.advanced.setCheckable(True)
        self.advanced.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.advanced.setArrowType(Qt.ArrowType.RightArrow)
        self.advanced.setAutoRaise(True)
        self.advanced.toggled.connect(self._advanced_toggled)
        self._more = QWidget()
        more = QVBoxLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        self.sliders: dict[str, ValueSlider] = {}
        self._explanations: dict[str, Label] = {}
        for parameter in PARAMETERS:
            if parameter.advanced:
                self._explanations[parameter.field] = explanation(parameter.explanation)
                more.addWidget(self._slider(parameter))
                more.addWidget(self._explanations[parameter.field])
        self._fixed = explanation("This photo was prepared for one guidance; prepare it again to change that.")
        more.addWidget(self._fixed)
        self.reweighting = ChoiceBox()
        for value, text in _ACT_ON.items():
            self.reweighting.addItem(text, value)
        self.reweighting.setAccessibleName("What the words’ sliders act on")
        self.reweighting.activated.connect(self._reweighting_chosen)
        self._from = explanation("The noise to draw from:")
        self.lots = ChoiceBox()
        self.lots.setAccessibleName("The noise to draw from")
        self.lots.activated.connect(self._lot_chosen)
        more.addWidget(self._from)
        more.addWidget(self.lots)
        self._act_on = explanation("The words’ sliders act on:")
        more.addWidget(self._act_on)
        more.addWidget(self.reweighting)
        self._more.hide()
        column.addSpacing(6)
        column.addWidget(self.advanced)
        column.addWidget(self._more)

    def _slider(self, parameter: Parameter) -> ValueSlider:
        slider = ValueSlider(parameter, parameter)
        self.sliders[parameter.field] = slider
        return slider

    def show_recipe(
        self, recipe: EditRecipe, automatic: EditRecipe, kinds: tuple[Kind, ...], row: MethodRow, prepared_for: float
    ) -> None:
        """automatic: the same edit with the windows that its change, of these `kinds`, does best with; row: of the
        edit's method; prepared_for: guidance of the inversion.
        """
        for widget in self._windows:
            widget.setVisible(row.looks)
        self.advanced.setVisible(row.looks)  # else there is nothing simpler
        self._more.setVisible(self.advanced.isChecked() or not row.looks)
        for widget in (self._from, self.lots):
            widget.setVisible(len(row.lots) > 1)
        self.lots.clear()
        for lot in row.lots:
            self.lots.addItem(_LOTS[lot], lot)
        self.lots.setCurrentIndex(self.lots.findData(row.lot_of(recipe)))
        self.automatic.setChecked(recipe.automatic)
        self.kinds.setText(f"The edit changes {feedback.listed([_KINDS[kind] for kind in kinds] or ['no word yet'])}.")
        self.follow.set_default(_follow(automatic))
        self.follow.show_value(_follow(recipe))
        for field, slider in self.sliders.items():
            usual, value = getattr(automatic, field), getattr(recipe, field)
            unsaid = prepared_for if field == GUIDANCE.field else _USUAL[field]
            slider.set_default(unsaid if usual is None else usual)
            slider.show_value(unsaid if value is None else value)
            slider.setVisible(field in row.numbers)
            self._explanations[field].setVisible(field in row.numbers)
        sliders = (self.follow, *self.sliders.values())
        width = max(slider.title_width() for slider in sliders)  # only now the font is the window's
        for slider in sliders:
            slider.set_title_width(width)
        self.sliders[IMAGE_PROMPT.field].setEnabled(recipe.image_prompt is not None)
        self.sliders[GUIDANCE.field].setEnabled(not row.one_guidance)
        self._fixed.setVisible(row.one_guidance)
        for widget in (self._act_on, self.reweighting):
            widget.setVisible(row.looks)
        self.reweighting.setCurrentIndex(self.reweighting.findData(recipe.reweighting))

    @slot(int)
    def _reweighting_chosen(self, index: int) -> None:
        self.reweighting_chosen.emit(Reweighting(self.reweighting.itemData(index)))

    @slot(int)
    def _lot_chosen(self, index: int) -> None:
        self.lot_chosen.emit(Lot(self.lots.itemData(index)))

    @slot(bool)
    def _advanced_toggled(self, on: bool) -> None:
        self.advanced.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._more.setVisible(on)


def _follow(recipe: EditRecipe) -> float:
    return (recipe.cross_until + recipe.self_until) / 2
