"""Parts of the photo that are worked on by themselves: choose, draw, put around a word, take out."""

from PySide6.QtCore import QObject, Signal

from nti_desktop.editing.changes import Change
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Message, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area, area_around
from nti_desktop.recipe.kinds import SMALL_WORDS
from nti_desktop.recipe.words import split_words, word_key

_PLACELESS = {*SMALL_WORDS, "photo"}


class Areas(QObject):
    """Commands for the areas of the open version."""

    drawing_asked = Signal()  # let an area be drawn on the photo
    leaving = Signal()  # another area is about to be worked on; what is being typed belongs to this one

    def __init__(self, editor: Editor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor

    @command("Work on an &area", Menu.EDIT, "Ctrl+Shift+A", separated=True)
    @slot()
    def draw_area(self) -> None:
        """Draw a rectangle on the photo that gets all of the model's resolution."""
        self.drawing_asked.emit()

    @command("Work on the &whole photo", Menu.EDIT)
    @slot()
    def work_on_whole(self) -> None:
        """Go back from an area to the whole photo."""
        if self._editor.document is not None:
            self.choose(self._editor.document.whole)

    @slot(Area)
    def choose(self, area: Area) -> None:
        """Describe and edit an area."""
        document = self._editor.document
        if document is not None and area != document.area and self._may_move():
            document.work_on(area)
            self._editor.go_on_elsewhere()

    @slot(Area)
    def leave(self, area: Area) -> None:
        """Take an area's edit out of this version."""
        if self._may_move():
            self._editor.attempt(lambda document: document.leave(area))

    def _may_move(self) -> bool:
        """Not while an area is being prepared, which what is being typed may begin."""
        self.leaving.emit()
        at_work = self._editor.preparing.plan.at_work
        if at_work:
            text = "The photo is being prepared; go to another area when that is done, or cancel it."
            self._editor.say(Message(text, topic=Topic.PREPARE))
            self._editor.tell(Change.AREA)  # the buttons go back to what holds
        return not at_work

    @property
    def words_with_a_place(self) -> tuple[tuple[int, str], ...]:
        """Words of the edit that the newest render knows the place of: position, text."""
        document, last = self._editor.document, self._editor.rendering.plan.last
        if document is None or last is None or last.rendered is None or last.wanted.state != document.state:
            return ()
        if not len(last.rendered.word_maps):
            return ()
        words = split_words(last.rendered.recipe.prompt)
        told = [word for word in words if not word.is_punctuation and word_key(word.text) not in _PLACELESS]
        return tuple((word.position, word.text) for word in told)

    @slot(int)
    def choose_around(self, position: int) -> None:
        """Work on the area around where a word of the edit looked."""
        document, last = self._editor.document, self._editor.rendering.plan.last
        if document is None or last is None or last.rendered is None:
            return
        frame = document.session.frame(last.wanted.inversion)
        place = frame.upright(last.rendered.word_maps[position])
        area = area_around(place, frame, document.session.photo.raster.size, self._editor.model.entry.native_size)
        if area == document.area:
            text = "This word is nearly everywhere in the area; draw a smaller one on the photo instead."
            self._editor.say(Message(text, topic=Topic.EFFECT))
        else:
            self.choose(area)
