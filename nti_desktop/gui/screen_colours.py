"""Keeps the pictures in the colours of the screen that the window is on."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.gui import preferences
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.screen_page import ScreenPage
from nti_desktop.gui.screen_profile import ScreenProfile, find_profile, read_profile
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.widgets.work_strip import WorkStrip
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot


class ScreenColours(QObject):
    """Finds the screen's profile, says which it is, and has pictures that were made for another one made anew."""

    def __init__(self, editor: Editor, strip: WorkStrip, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._editor, self._strip, self._background, self._window = editor, strip, background, window
        self._converting = False
        self.found = ScreenProfile(None, "", "")
        self.page = ScreenPage(window)
        self.page.file_chosen.connect(self.choose)
        self.page.automatic.clicked.connect(self.ask_the_system)
        editor.opened.connect(self._convert)
        editor.pictured.connect(self._convert)
        self._look()

    def follow(self) -> None:
        """The window is there: look where, and again whenever it comes to another screen."""
        handle = self._window.windowHandle()
        if handle is not None:
            handle.screenChanged.connect(self._moved)
        self._look()

    @command("Screen &profile…", Menu.VIEW, separated=True)
    @slot()
    def show_screen_page(self) -> None:
        """Show which screen profile photos are shown in, and choose another one."""
        self._look()
        self.page.show()
        self.page.raise_()

    @slot(Path)
    def choose(self, path: Path) -> None:
        """Take the profile of a file, whatever the system says."""
        if read_profile(path) is None:
            text = f"“{path.name}” is not the profile of a screen; choose another file that ends in .icc or .icm."
            self._editor.say(Message(text, Tone.ERROR, topic=Topic.SCREEN))
            return
        preferences.remember_screen_profile(path)
        self._look()

    @slot()
    def ask_the_system(self) -> None:
        """Take the profile that the system names."""
        preferences.remember_screen_profile(None)
        self._look()

    @slot(QScreen)
    def _moved(self, _screen: QScreen) -> None:
        self._look()

    def _look(self) -> None:
        """Find the profile as things stand; pictures follow on the background thread."""
        chosen, before = preferences.screen_profile(), self.found
        self.found = find_profile(self._window.screen(), chosen)
        self._strip.show_screen(self.found.note, self.found.explanation)
        self.page.show_profile(self.found.explanation, chosen)
        if self.found.trouble and self.found.trouble != before.trouble:
            self._editor.say(Message(self.found.trouble, Tone.NOTE, topic=Topic.SCREEN))
        elif not self.found.trouble:
            self._editor.withdraw(Topic.SCREEN)
        self._editor.show_on(self.found.profile)
        self._convert()

    @slot()
    def _convert(self) -> None:
        """Have pictures for another screen made anew: what is looked at, then the other versions one by one."""
        screen = self.found.profile
        pictures = self._outdated((self._editor.pictures.before, self._editor.pictures.after))
        pictures = pictures or self._outdated(tuple(self._editor.pictures.of_versions.values()))[:1]
        if self._converting or not pictures:
            return

        def task() -> dict[Picture, Picture]:
            return {picture: make_picture(picture.source(), screen, picture.source) for picture in pictures}

        def done(converted: dict[Picture, Picture]) -> None:
            self._converting = False
            self._editor.replace_pictures(converted)

        def failed(error: NtiError) -> None:
            self._converting = False
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.SCREEN))

        self._converting = True
        self._background.submit(task, done, failed)

    def _outdated(self, pictures: tuple[Picture | None, ...]) -> list[Picture]:
        return [picture for picture in pictures if picture is not None and picture.screen != self.found.profile]
