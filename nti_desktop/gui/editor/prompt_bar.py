"""One line for what the photo shows, one for what it should show, and the difference between the two."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from nti_desktop.editing import feedback
from nti_desktop.gui.editor.diff_view import DiffView, changes_in_words, diff_words
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.widgets.flow import FlowLayout
from nti_desktop.gui.widgets.low_area import LowArea
from nti_desktop.gui.widgets.one_line import OneLine
from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.methods import METHODS, Method, MethodRow
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.words import Change, Word, is_too_long

_ROWS = 3  # of changed words are shown at once
_EDIT = "The same sentence with the words changed that should change in the photo"
_FILL = "What is to stand in the marked place, like: a blue ball; say nothing to remove what is there"
_ORDER = "An order, like: make it blue, at night, remove the ball"
# By what the method's models see of the photo: the line's title, what is wanted in it, and its tip.
_SAID = {
    Sees.NOTHING: ("E&dit", _EDIT, "Change, add or remove words; the photo follows when you pause."),
    Sees.PHOTO: ("Or&der", _ORDER, "Say what should become of the photo; it follows when you pause."),
    Sees.SURROUNDINGS: (
        "&Draw",
        _FILL,
        "Say what is to stand in the marked place, or nothing to remove what is there; it follows when you pause.",
    ),
}


class PromptBar(QFrame):
    """Description and edit. Until the first edit, suggestions are offered where there are any."""

    edit_settled = Signal(str)  # after a pause, or a suggestion
    prepare_asked = Signal()
    prepare_by_asked = Signal(Method)
    complete_asked = Signal()
    render_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._source = ""
        self._suggestions: tuple[str, ...] = ()
        self._suggested_for: tuple[str, tuple[str, ...]] = "", ()  # what the chips were made of
        self._models: tuple[ModelEntry | None, ModelEntry | None] = (None, None)

        self.description = PromptLine()
        self.description.setAccessibleName("Description of the photo")
        self.description.setPlaceholderText("Say in one sentence what the photo shows")
        set_tip(self.description, "What the photo shows, in one plain sentence.")
        self.description.returnPressed.connect(self._prepare)

        self._prepare_title = "Prepare photo"
        self.prepare_button = QPushButton(self._prepare_title)
        self.prepare_button.setProperty("primary", "true")
        set_tip(self.prepare_button, "Let the model learn exactly this photo; needed once before words can change it.")
        self.prepare_button.clicked.connect(self._prepare)
        self.estimate = Label()
        self.estimate.setProperty("role", "quiet")
        self.estimate.setWordWrap(True)
        self.offers = QWidget()
        self._offers_flow = FlowLayout(self.offers)
        self._offered: tuple[str | None, tuple[tuple[Method, str], ...]] = None, ()

        self.edit = PromptLine(window_undoes=True)
        self.edit.setAccessibleName("Edit")
        self.edit.edited.connect(self._refresh)
        self.edit.settled.connect(self._settled)
        self.edit.returnPressed.connect(self._entered)

        self.render_button = QPushButton("Render")
        self.render_button.setProperty("primary", "true")
        set_tip(self.render_button, "Render this edit at full quality (Return); so far it is a quick preview.")
        self.render_button.clicked.connect(self._render)

        self.diff = DiffView()
        self._diff_room = LowArea(self.diff, lambda: self.diff.rows_height(_ROWS))
        self.same = Label()  # said in place of a difference that makes none
        self.same.setProperty("role", "quiet")
        self.same.setWordWrap(True)
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self.unlearned = OneLine()
        self.unlearned.setProperty("role", "quiet")
        for line in (self.description, self.edit):
            line.marked.connect(self._say_unlearned)

        self._labels: list[Label] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for row, (title, line, button) in enumerate(
            ((("&Photo"), self.description, self.prepare_button), ("E&dit", self.edit, self.render_button))
        ):
            label = Label(title)
            label.setBuddy(line)
            self._labels.append(label)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, 2 * row, 0)
            grid.addWidget(line, 2 * row, 1)
            grid.addWidget(button, 2 * row, 2)
        needed = QVBoxLayout()
        needed.addWidget(self.estimate)
        needed.addWidget(self.offers)
        grid.addLayout(needed, 1, 1, 1, 2)
        grid.addWidget(self._diff_room, 3, 1, 1, 2)
        grid.addWidget(self.same, 3, 1, 1, 2)
        grid.addWidget(self._chips, 4, 1, 1, 2)
        grid.addWidget(self.unlearned, 5, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.addLayout(grid)
        self.show_suggestions(())
        self.offers.hide()
        self.show_models(None, None)
        self.show_method(Method.NULL_TEXT.row, described=True)

    def show_models(self, preparing: ModelEntry | None, editing: ModelEntry | None) -> None:
        """The models that will read the description and the edit; a line is kept for words they never learned."""
        if (preparing, editing) != self._models:
            self._models = (preparing, editing)
            self.description.show_learned(preparing.words if preparing else None)
            self.edit.show_learned(editing.words if editing else None)
            self._say_unlearned()
        self.unlearned.setVisible(any(entry and entry.words is not None for entry in self._models))

    def show_subject(self, *, whole: bool) -> None:
        """Show whether the sentences are about the whole photo or an area of it."""
        what = "photo" if whole else "area"
        self._labels[0].setText(f"&{what.capitalize()}")
        self._prepare_title = f"Prepare {what}"
        self.description.setPlaceholderText(f"Say in one sentence what the {what} shows")

    def show_method(self, row: MethodRow, described: bool) -> None:
        """Show what the edit is said as. described: whether there is need of a description of the photo."""
        for widget in (self._labels[0], self.description, self.prepare_button):
            widget.setVisible(described)
        title, wanted, tip = _SAID[row.sees]
        self._labels[1].setText(title)
        self.edit.setPlaceholderText(wanted)
        set_tip(self.edit, tip)

    def show_source(self, source: str) -> None:
        """The sentence that the edit is compared with."""
        self._source = source
        self._refresh()

    def show_edit(self, edit: str) -> None:
        """Show the edit's sentence and its difference from the description."""
        self.edit.show_text(edit)
        self._refresh()

    def show_suggestions(self, suggestions: tuple[str, ...]) -> None:
        """Sentences or orders to try, those that would change something; a click takes one."""
        suggestions = tuple(each for each in suggestions if each != self._source)
        if (self._source, suggestions) != self._suggested_for:
            self._suggested_for, self._suggestions = (self._source, suggestions), suggestions
            self._flow.clear()
            if suggestions:
                self._flow.addWidget(Label("Try:"))
            for suggestion in suggestions:
                changes = changes_in_words(diff_words(self._source, suggestion)) if self._source.strip() else ()
                chip = _chip(", ".join(changes) or suggestion)
                chip.setObjectName(suggestion)
                set_tip(chip, suggestion)
                chip.clicked.connect(self._suggested)
                self._flow.addWidget(chip)
        self._refresh()

    def show_preparation(self, text: str, possible: bool, again: bool, needed: bool) -> None:
        """text: what preparing is for and how long it takes; again: whether it would be for a second time."""
        self.estimate.setText(text)
        self.prepare_button.setEnabled(possible)
        self.prepare_button.setText("Prepare again" if again else self._prepare_title)
        if self.prepare_button.property("primary") != str(needed).lower():
            self.prepare_button.setProperty("primary", str(needed).lower())
            self.prepare_button.style().unpolish(self.prepare_button)
            self.prepare_button.style().polish(self.prepare_button)

    def show_offers(self, completing: str | None, ways: tuple[tuple[Method, str], ...]) -> None:
        """completing: offers to say more of the photo, None where that is not wanted; ways: of preparing to choose
        among, each with its time in words, none where they hardly differ.
        """
        if (completing, ways) != self._offered:
            self._offered = completing, ways
            self._offers_flow.clear()
            if completing is not None:
                chip = _chip(completing)
                set_tip(chip, "What it sees comes into the description: the ground, the light, another thing, colours.")
                chip.clicked.connect(self._complete)
                self._offers_flow.addWidget(chip)
            for method, time in ways:
                chip = _chip(f"By {METHODS[method].title.lower()}, {time}")
                chip.setObjectName(method)
                set_tip(chip, METHODS[method].sentence)
                chip.clicked.connect(self._prepare_by)
                self._offers_flow.addWidget(chip)
        self.offers.setVisible(completing is not None or bool(ways))

    def show_render_button(self, shown: bool, possible: bool) -> None:
        """shown: there is a full render that waits for it; possible: it would change the picture."""
        self.render_button.setVisible(shown)
        self.render_button.setEnabled(possible)

    @slot()
    def _refresh(self) -> None:
        compared = self._source.strip() and not is_too_long(self._source) and not is_too_long(self.edit.text())
        words = diff_words(self._source, self.edit.text()) if compared else ()
        same = feedback.same_but_for_signs(self._source, self.edit.text()) if words else None
        self.diff.show_words(words)
        changed = same is None and any(word.change is not Change.KEPT for word in words)
        begun = changed if self._source.strip() else self.edit.text().strip() != ""
        self._diff_room.setVisible(changed)
        self.same.setText(same or "")
        self.same.setVisible(same is not None)
        self._chips.setVisible(bool(self._suggestions) and not begun)

    @slot()
    def _say_unlearned(self) -> None:
        """Once for both lines, as an edit begins as the description."""
        words: dict[ModelEntry, list[Word]] = {}
        for entry, line in zip(self._models, (self.description, self.edit), strict=True):
            if entry is not None:
                words.setdefault(entry, []).extend(line.unlearned)
        self.unlearned.say(" ".join(filter(None, (feedback.never_learned(*said) for said in words.items()))))

    @slot(str)
    def _settled(self, text: str) -> None:
        self.edit_settled.emit(text)

    @slot()
    def _entered(self) -> None:
        self.edit.settle()
        if self.render_button.isEnabled():  # also where it is not known yet that the button will be wanted
            self.render_asked.emit()

    @slot()
    def _suggested(self) -> None:
        suggestion = self.sender().objectName()
        self.edit.replace_text(suggestion)
        self._refresh()
        self.edit_settled.emit(suggestion)

    @slot()
    def _prepare(self) -> None:
        self.description.settle()
        if self.prepare_button.isEnabled():
            self.prepare_asked.emit()

    @slot()
    def _complete(self) -> None:
        self.complete_asked.emit()

    @slot()
    def _prepare_by(self) -> None:
        self.prepare_by_asked.emit(Method(self.sender().objectName()))

    @slot()
    def _render(self) -> None:
        self.render_asked.emit()


def _chip(text: str) -> QPushButton:
    chip = QPushButton(text)
    chip.setProperty("chip", "true")
    return chip
