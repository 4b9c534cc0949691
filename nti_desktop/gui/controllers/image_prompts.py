"""Drawing what is marked after a picture: from the file and the part of it that is meant to the recipe."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.editing.document import Document
from nti_desktop.editing.image_prompts import adapter_for, prompt_of
from nti_desktop.gui import preferences
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.picture_dialog import PictureDialog
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.photo_files import PHOTOS
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.image_prompt import ImagePrompt


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the picture is for: the version, by its id, and the area. adapter: see ImagePrompt; raster: of the picture,
    once it is read.
    """

    version: str
    area: Area
    adapter: str
    raster: Raster | None = None

    def still_open(self, document: Document | None) -> bool:
        """Tell whether the same edit is worked on."""
        return document is not None and (self.version, self.area) == (document.version_id, document.area)


class ImagePrompts(QObject):
    """A small copy of the part that is meant comes into the recipe; the other file is not needed again."""

    def __init__(self, editor: Editor, background: Background, line: PromptLine, window: QWidget) -> None:
        """line: where the edit is typed."""
        super().__init__(window)
        self._editor, self._background, self._line, self._window = editor, background, line, window
        self._asked: _Asked | None = None
        self.dialog = PictureDialog(window)
        self.dialog.chosen.connect(self._chosen)
        self.dialog.rejected.connect(self._forget)
        editor.opened.connect(self.stop)

    @command("Draw after a pict&ure…", Menu.EDIT, "Ctrl+Shift+L")
    @slot()
    def draw_after_picture(self) -> None:
        """Draw what is marked after another picture, or a part of it."""
        if self._begun() is None:
            return
        name, _ = QFileDialog.getOpenFileName(self._window, "Draw after a picture", preferences.last_folder(), PHOTOS)
        if name:
            self.take(Path(name))

    @command("&Without the picture", Menu.EDIT)
    @slot()
    def take_picture_away(self) -> None:
        """Draw what is marked after the words alone."""
        self._editor.edit("picture", lambda recipe: replace(recipe, image_prompt=None))

    def take(self, file: Path) -> None:
        """Ask which part of this picture is meant."""
        self._line.settle()
        self._asked = asked = self._begun()
        if asked is None:
            return
        screen = self._editor.rendering.screen

        def read() -> tuple[Raster, Picture]:
            raster = open_photo(file).raster
            return raster, make_picture(raster, screen)

        self._background.submit(read, partial(self._read, asked), partial(self._failed, asked), lane=file.parent)

    def _begun(self) -> _Asked | None:
        """Tell what a picture would be for now; None, and a word on it, where the model reads none."""
        document = self._editor.document
        if document is None:
            return None
        try:
            adapter = adapter_for(
                document.row, document.edit_model(self._editor.model.entry) or self._editor.model.entry
            )
        except ModelError as error:
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.LOOK))
            return None
        return _Asked(document.version_id, document.area, adapter)

    def _read(self, asked: _Asked, found: tuple[Raster, Picture]) -> None:
        if asked is self._asked:
            raster, picture = found
            self._asked = replace(asked, raster=raster)
            self.dialog.ask(picture, raster.size)

    @slot(Area)
    def _chosen(self, area: Area) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and asked.raster is not None:
            make = partial(prompt_of, asked.raster, asked.adapter, area)
            self._background.submit(make, partial(self._made, asked), partial(self._failed, asked), lane=asked)

    def _made(self, asked: _Asked, prompt: ImagePrompt) -> None:
        if asked.still_open(self._editor.document):
            self._editor.edit("picture", lambda recipe: replace(recipe, image_prompt=prompt))

    def _failed(self, asked: _Asked, error: NtiError) -> None:
        if asked.still_open(self._editor.document):
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.LOOK))

    @slot()
    def stop(self) -> None:
        """Do without; another photo is open by now, or the window closes."""
        self._forget()
        self.dialog.close()

    @slot()
    def _forget(self) -> None:
        """Let go of the picture that was read."""
        self._asked = None
