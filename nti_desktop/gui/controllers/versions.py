"""Several edits of one photo: add, rename, delete, put back, switch."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from nti_desktop.editing.changes import Change
from nti_desktop.editing.document import Document
from nti_desktop.editing.version_list import Step
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Action, Message, Topic
from nti_desktop.gui.workers.threads import slot


class Versions(QObject):
    """Commands for the open photo's versions."""

    rename_asked = Signal()  # let the name of the current one be typed
    leaving = Signal()  # another version is about to be shown; what is being typed belongs to this one

    def __init__(self, editor: Editor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor

    @command("&Add version", Menu.VERSION, "Ctrl+Shift+D")
    @slot()
    def add_version(self) -> None:
        """Add a version that starts as a copy of this one."""
        self.leaving.emit()
        self._editor.attempt(self._copied)

    def _copied(self, document: Document) -> bool:
        made_from, pictures = document.version_id, self._editor.pictures.of_versions
        added = document.copy_version()
        if added and made_from in pictures:
            pictures[document.version_id] = pictures[made_from]
        return added

    @command("&Rename version", Menu.VERSION, "F2")
    @slot()
    def ask_for_name(self) -> None:
        """Give this version another name."""
        self.rename_asked.emit()

    @slot(str, str)
    def rename(self, version_id: str, name: str) -> None:
        """An empty name leaves the old one."""
        if self._editor.document and name.strip():
            self._editor.attempt(lambda document: document.rename_version(version_id, name.strip()))
        self._editor.tell(Change.VERSIONS)  # the list goes back to what holds

    @command("&Delete version", Menu.VERSION, "Ctrl+Shift+Del")
    @slot()
    def delete_version(self) -> None:
        """Delete this version unless it is the only one; undo brings it back."""
        self.leaving.emit()
        self._editor.attempt(self._deleted)

    def _deleted(self, document: Document) -> bool:
        version = document.version
        if version is None or len(document.session.project.versions) < 2:
            return False
        put_back = partial(self._put_back, document.delete_version())
        message = Message(
            f"“{version.name}” was deleted.", topic=Topic.DELETED, actions=(Action("Put it back", put_back),)
        )
        self._editor.say(message)
        return True

    def _put_back(self, deleted: Step) -> None:
        self.leaving.emit()
        self._editor.attempt(lambda document: document.put_back(deleted))

    @slot(str)
    def choose(self, version_id: str) -> None:
        """Show another version."""
        if self._editor.document and version_id != self._editor.document.version_id:
            self.leaving.emit()
            self._editor.attempt(lambda document: document.go_to(version_id))

    @command("&Next version", Menu.VERSION, "Ctrl+PgDown", separated=True)
    @slot()
    def next_version(self) -> None:
        """Show the version below this one."""
        self._step(1)

    @command("&Previous version", Menu.VERSION, "Ctrl+PgUp")
    @slot()
    def previous_version(self) -> None:
        """Show the version above this one."""
        self._step(-1)

    def _step(self, by: int) -> None:
        document = self._editor.document
        if document is not None and document.version is not None:
            ids = [version.id for version in document.session.project.versions]
            self.choose(ids[(ids.index(document.version_id) + by) % len(ids)])
