"""Where the edit may change the photo: words to confine it to, words to keep, and what is marked by hand."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from nti_desktop.core.errors import RecipeError
from nti_desktop.editing import feedback
from nti_desktop.editing.edits import mask_words
from nti_desktop.editing.image_prompts import meant_of
from nti_desktop.gui.canvas.picture import thumbnail
from nti_desktop.gui.widgets.flow import FlowLayout
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.widgets.sliders import ValueSlider
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.image_prompt import ImagePrompt
from nti_desktop.recipe.methods import MethodRow
from nti_desktop.recipe.parameters import FEATHER, THRESHOLD
from nti_desktop.recipe.recipe import EditRecipe, WordRef

_THUMBNAIL = 96  # pixels of the screen


class _Chips(QWidget):
    """Words that can be clicked on and off."""

    toggled = Signal()

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self._purpose = purpose
        self._flow = FlowLayout(self)
        self.buttons: list[QPushButton] = []
        self._refs: list[WordRef] = []

    def show_words(self, words: tuple[tuple[str, WordRef], ...], chosen: tuple[WordRef, ...]) -> None:
        refs, labels = [ref for _, ref in words], [label for label, _ in words]
        if refs != self._refs or labels != [button.text() for button in self.buttons]:
            self._flow.clear()
            self.buttons = []
            for label in labels:
                button = QPushButton(label)
                button.setCheckable(True)
                button.setProperty("chip", "true")
                button.setAccessibleName(f"{self._purpose}: {label}")
                button.clicked.connect(self._clicked)
                self._flow.addWidget(button)
                self.buttons.append(button)
            self._refs = refs
            self.updateGeometry()
        for button, ref in zip(self.buttons, refs, strict=True):
            button.setChecked(ref in chosen)

    def chosen(self) -> tuple[WordRef, ...]:
        return tuple(ref for ref, button in zip(self._refs, self.buttons, strict=True) if button.isChecked())

    @slot()
    def _clicked(self) -> None:
        self.toggled.emit()


class MaskPanel(QWidget):
    """Click words or mark a place by hand; see the mask; set its threshold and how soft its border is."""

    words_chosen = Signal(tuple, tuple)  # WordRefs to confine the edit to, WordRefs to keep

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.places, self.keeps = _Chips("Change only"), _Chips("Keep")
        self.threshold = ValueSlider("threshold", THRESHOLD)
        self.feather = ValueSlider("feather", FEATHER)
        self.show_mask = QCheckBox("Show the mask over the photo")
        self.coverage = Label()
        self.coverage.setWordWrap(True)
        self.clear_button = QPushButton("No mask")
        self.clear_button.clicked.connect(self._clear)
        self.places.toggled.connect(self._chosen)
        self.keeps.toggled.connect(self._chosen)
        for slider in (self.threshold, self.feather):
            slider.set_title_width(70)

        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.mark_button = QPushButton("Mark a place…")
        set_tip(self.mark_button, "Draw around a place on the photo: the edit changes only what is marked (Ctrl+M).")
        self.unmark_button = QPushButton("Take the marks away")
        set_tip(self.unmark_button, "Let the edit change all of the photo again (Ctrl+Shift+M).")
        by_hand = QWidget()
        buttons = FlowLayout(by_hand)
        for button in (self.mark_button, self.unmark_button):
            buttons.addWidget(button)
        self.picture_button = QPushButton("Choose a picture…")
        set_tip(self.picture_button, "Draw what is marked after another picture, or a part of it (Ctrl+Shift+L).")
        self.without_picture = QPushButton("Take it away")
        set_tip(self.without_picture, "Draw what is marked after the words alone.")
        self._shown: ImagePrompt | None = None
        self._finds = self._looks = False
        self.picture = Label()
        self.picture.setAccessibleName("The picture to draw after")
        self._of_pictures = QWidget()
        pictures = FlowLayout(self._of_pictures)
        for part in (self.picture_button, self.without_picture, self.picture):
            pictures.addWidget(part)
        self._of_words: list[QWidget] = [self.places, self.keeps, self.threshold, self.clear_button]
        for title, widget in (
            ("Change only where this is", self.places),
            ("Keep as it is", self.keeps),
            ("Change only what is marked", by_hand),
            ("Draw after a picture", self._of_pictures),
        ):
            heading = Label(title)
            heading.setProperty("role", "heading")
            if widget is self._of_pictures:
                self._picture_heading = heading
            elif widget is not by_hand:
                self._of_words.append(heading)
            column.addWidget(heading)
            column.addWidget(widget)
            column.addSpacing(4)
        for widget in (self.threshold, self.feather, self.show_mask, self.coverage):
            column.addWidget(widget)
        column.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignLeft)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def show_method(self, row: MethodRow) -> None:
        """Show what of a mask there can be by the edit's method: words, where it knows where they look."""
        self._looks = row.looks
        self._show_word_masks()
        for widget in (self._picture_heading, self._of_pictures):
            widget.setVisible(row.takes_pictures)
        self._finds = row.finds

    def show_possible(self, possible: Mapping[str, bool]) -> None:
        """Let those buttons be pressed that have something to do. possible: of commands, by name."""
        for button, name in (
            (self.mark_button, "mark_place"),
            (self.unmark_button, "clear_marks"),
            (self.picture_button, "draw_after_picture"),
            (self.without_picture, "take_picture_away"),
        ):
            button.setEnabled(possible[name])

    def show_recipe(self, source: str, recipe: EditRecipe, feather: float, usual: float = THRESHOLD.usual) -> None:
        """usual: the threshold that a mask starts with."""
        words, blend = mask_words(source, recipe.prompt), recipe.blend
        keeps = blend.keep if blend else self.keeps.chosen()  # chosen before any place was; still wanted
        self.places.show_words(words, blend.words if blend else ())
        self.keeps.show_words(words, keeps)
        for widget in (self.threshold, self.clear_button):
            widget.setEnabled(blend is not None)
        masked = blend is not None or bool(recipe.within) or self._finds
        self.feather.setEnabled(masked)
        self._show_picture(recipe.image_prompt)
        self._show_word_masks()
        self.threshold.set_default(usual)
        self.threshold.show_value(blend.threshold if blend is not None else usual)
        self.feather.show_value(feather)
        if not masked:
            waiting = bool(keeps)
            self.coverage.setText(
                "Choose at least one word above for the change." if waiting else "The edit may change the whole photo."
            )

    def _show_word_masks(self) -> None:
        """Show what ties a mask to words, where the method knows where they look; beside a picture the marks alone say
        where.
        """
        for widget in self._of_words:
            widget.setVisible(self._looks and self._shown is None)

    def _show_picture(self, shown: ImagePrompt | None) -> None:
        if shown == self._shown:
            return
        self._shown = shown
        self.picture.setVisible(shown is not None)
        if shown is not None:
            try:
                self.picture.setPixmap(thumbnail(meant_of(shown), _THUMBNAIL, self.devicePixelRatioF()))
            except RecipeError as error:
                self.picture.setText(str(error))

    def show_coverage(self, coverage: float, whole: bool) -> None:
        """coverage: fraction of what is worked on that is inside the mask; whole: whether that is the whole photo."""
        what = "photo" if whole else "area"
        large = coverage > feedback.WIDE_MASK and self.threshold.isEnabledTo(self)  # marks by hand have none
        advice = f" A higher threshold would change less of the {what}." if large else ""
        self.coverage.setText(f"The mask covers {coverage * 100:.0f} % of the {what}.{advice}")

    @slot()
    def _chosen(self) -> None:
        self.words_chosen.emit(self.places.chosen(), self.keeps.chosen())

    @slot()
    def _clear(self) -> None:
        for button in (*self.places.buttons, *self.keeps.buttons):
            button.setChecked(False)
        self.words_chosen.emit((), ())
