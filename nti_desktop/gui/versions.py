"""Several edits of one photo: add, rename, delete, put back, switch."""

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.history import EditState
from nti_desktop.gui.panels.message_bar import Action, Message
from nti_desktop.gui.threads import at_home
from nti_desktop.project.schema import VersionRecord


class Versions(QObject):
    """What can be done with the versions on the desk."""

    rename_asked = Signal()  # let the name of the current one be typed

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk

    @command("&Add version", Menu.VERSION, "Ctrl+Shift+D")
    @Slot()
    def add_version(self) -> None:
        """Add a version that starts as a copy of this one."""
        at_home(self)
        work = self._desk.work
        if work is not None and work.state is not None and work.version is not None and work.up_to_date:
            self._desk.add_version(work.free_name(), work.state, work.version, made_from=work.version_id)

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
            self._desk.work.session.change_version(version_id, name=name.strip())
        self._desk.changed.emit()

    @command("&Delete version", Menu.VERSION, "Ctrl+Shift+Del")
    @Slot()
    def delete_version(self) -> None:
        """Delete this version unless it is the only one; it can be put back."""
        at_home(self)
        work = self._desk.work
        if work is None or work.version is None or work.state is None or len(work.session.project.versions) < 2:
            return
        restore = Action("Put it back", _Restore(self._desk, work.version, work.state).do)
        message = Message(f"“{work.version.name}” was deleted.", topic="deleted", actions=(restore,))
        self._desk.delete_version()
        self._desk.said.emit(message)

    @Slot(str)
    def choose(self, version_id: str) -> None:
        """Show another version."""
        at_home(self)
        if self._desk.work and version_id != self._desk.work.version_id:
            self._desk.go_to(version_id)

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


class _Restore:
    """Undoes one deletion."""

    def __init__(self, desk: Desk, version: VersionRecord, state: EditState) -> None:
        self._desk, self._version, self._state = desk, version, state

    def do(self) -> None:
        work = self._desk.work
        if work and self._version.inversion in {inversion.id for inversion in work.session.project.inversions}:
            self._desk.add_version(self._version.name, self._state, self._version, self._version.id)
