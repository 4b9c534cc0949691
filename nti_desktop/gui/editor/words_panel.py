"""How strong the edit is, and one slider for every word of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from nti_desktop.gui.widgets.explanation import explanation
from nti_desktop.gui.widgets.sliders import ValueSlider
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.parameters import STRENGTH, WEIGHT
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.words import split_words

_WIDEST_TITLE = 130


class WordsPanel(QWidget):
    """The strength of the whole, from the photo to the edit and beyond; below it how much each word counts: 1 is as it
    is, 0 not at all, below 0 the opposite.
    """

    weight_moved = Signal(int, float)  # position among the edit's words, weight

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sliders: list[ValueSlider] = []
        self.strength = ValueSlider("strength", STRENGTH)
        self.strength.set_title_width(62)
        self._words: tuple[tuple[int, str], ...] = ()
        self._rows = QWidget()
        self._column = QVBoxLayout(self._rows)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(2)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidget(self._rows)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 6, 6)
        head = QVBoxLayout()
        head.setContentsMargins(0, 0, 6, 4)
        head.addWidget(self.strength)
        head.addWidget(explanation("0 % is the photo, 100 % is the edit."))
        head.addSpacing(8)
        head.addWidget(
            explanation(
                "How much each word counts. 1 is normal, 0 takes back what it says, below 0 goes the other way."
            )
        )
        column.addLayout(head)
        column.addWidget(area, 1)

    def show_recipe(self, recipe: EditRecipe | None) -> None:
        """The strength, the words of the recipe's prompt and their weights; none without a recipe."""
        self.strength.setEnabled(recipe is not None)
        self.strength.show_value(recipe.strength if recipe else STRENGTH.usual)
        prompt, controls = (recipe.prompt, recipe.words) if recipe else ("", ())
        words = tuple((w.position, w.text) for w in split_words(prompt) if not w.is_punctuation)
        if words != self._words:
            self._build(words)
        weights = {control.position: control.weight for control in controls}
        for slider, (position, _) in zip(self.sliders, words, strict=True):
            slider.show_value(weights.get(position, WEIGHT.usual))

    def _build(self, words: tuple[tuple[int, str], ...]) -> None:
        """Rows are used again, so that one being dragged or focused stays."""
        self._words = words
        while len(self.sliders) > len(words):
            row = self.sliders.pop()
            row.hide()
            row.deleteLater()
        for index, (position, text) in enumerate(words):
            if index == len(self.sliders):
                row = ValueSlider(position, WEIGHT, text)
                row.moved.connect(self._moved)
                self._column.addWidget(row)
                self.sliders.append(row)
            self.sliders[index].key = position
            self.sliders[index].set_title(text)
            self.sliders[index].set_explanation(f"How much “{text}” counts.")
        width = min(max((row.title_width() for row in self.sliders), default=0), _WIDEST_TITLE)
        for row in self.sliders:
            row.set_title_width(width)

    @slot(object, float)
    def _moved(self, key: object, weight: float) -> None:
        assert isinstance(key, int)
        self.weight_moved.emit(key, weight)
