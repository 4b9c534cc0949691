"""Several edits of one photo: add, rename, delete, put back, switch."""

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.version_list import Step
from nti_desktop.gui.work import Work


class Versions(QObject):
    """What can be done with the versions on the desk."""

    rename_asked = Signal()  # let the name of the current one be typed
    leaving = Signal()  # another version is about to be shown; what is being typed belongs to this one

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk

    @command("&Add version", Menu.VERSION, "Ctrl+Shift+D")
    @Slot()
    def add_version(self) -> None:
        """Add a version that starts as a copy of this one."""
        at_home(self)
        self.leaving.emit()
        self._desk.attempt(self._copied)

    def _copied(self, work: Work) -> bool:
        made_from, pictures = work.version_id, self._desk.pictures
        added = work.copy_version()
        if added and made_from in pictures:
            pictures[work.version_id] = pictures[made_from]
        return added

    @command("&Rename version", Menu.VERSION, "F2")
    @Slot()
    def ask_for_name(self) -> None:
        """Give this version another name."""
        at_home(self)
        self.rename_asked.emit()

    @Slot(str, str)
    def rename(self, version_id: str, name: str) -> None:
        """An empty name leaves the old one."""
        at_home(self)
        if self._desk.work and name.strip():
            self._desk.attempt(lambda work: work.rename_version(version_id, name.strip()))
        self._desk.changed.emit()  # the list goes back to what holds

    @command("&Delete version", Menu.VERSION, "Ctrl+Shift+Del")
    @Slot()
    def delete_version(self) -> None:
        """Delete this version unless it is the only one; undo brings it back."""
        at_home(self)
        self.leaving.emit()
        self._desk.attempt(self._deleted)

    def _deleted(self, work: Work) -> bool:
        version = work.version
        if version is None or len(work.session.project.versions) < 2:
            return False
        put_back = partial(self._put_back, work.delete_version())
        message = Message(f"“{version.name}” was deleted.", topic="deleted", actions=(Action("Put it back", put_back),))
        self._desk.said.emit(message)
        return True

    def _put_back(self, deleted: Step) -> None:
        self.leaving.emit()
        self._desk.attempt(lambda work: work.put_back(deleted))

    @Slot(str)
    def choose(self, version_id: str) -> None:
        """Show another version."""
        at_home(self)
        if self._desk.work and version_id != self._desk.work.version_id:
            self.leaving.emit()
            self._desk.attempt(lambda work: work.go_to(version_id))

    @command("&Next version", Menu.VERSION, "Ctrl+PgDown", separated=True)
    @Slot()
    def next_version(self) -> None:
        """Show the version below this one."""
        at_home(self)
        self._step(1)

    @command("&Previous version", Menu.VERSION, "Ctrl+PgUp")
    @Slot()
    def previous_version(self) -> None:
        """Show the version above this one."""
        at_home(self)
        self._step(-1)

    def _step(self, by: int) -> None:
        work = self._desk.work
        if work is not None and work.version is not None:
            ids = [version.id for version in work.session.project.versions]
            self.choose(ids[(ids.index(work.version_id) + by) % len(ids)])
