"""Exports: ask how, hand on what is asked for, say what became of it."""

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nti_desktop.errors import Cancelled, NtiError
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.export_request import ExportRequest
from nti_desktop.gui.exports import ExportTask
from nti_desktop.gui.panels.export_dialog import ExportDialog
from nti_desktop.gui.panels.message_bar import Message, Tone
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.work import Work
from nti_desktop.photo.carrying import Provenance
from nti_desktop.photo.export import Exported, format_of
from nti_desktop.photo.targets import check_target
from nti_desktop.returning import Returned, check_return, follow


class Exporting(QObject):
    """Writes what is on the desk."""

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        self.dialog = ExportDialog(window)
        self.return_target: Path | None = None  # the file that a raw editor gave and waits for
        self.dialog.asked.connect(self.write)
        desk.exports.exported.connect(self._exported)
        desk.exports.returned.connect(self._returned)
        desk.exports.failed.connect(self._failed)

    @command("&Export…", Menu.FILE, "Ctrl+Shift+E", separated=True)
    @Slot()
    def export(self) -> None:
        """Write this version as a picture."""
        at_home(self)
        work = self._desk.work
        if work is not None:
            self.dialog.ask(preferences.export_request(), work.session.photo, self._version_name(work))

    @command("Export a&gain", Menu.FILE, "Ctrl+Shift+R")
    @Slot()
    def export_again(self) -> None:
        """Write this version the way the last one was written, without asking."""
        at_home(self)
        self.write(preferences.export_request())

    @command("&Return to raw editor", Menu.FILE, "Ctrl+R")
    @Slot()
    def return_to_editor(self) -> None:
        """Replace the file that the raw editor gave; its old bytes are kept beside it."""
        at_home(self)
        if self.return_target is None:
            return
        try:
            check_return(self.return_target)
        except NtiError as error:
            self._say(str(error), Tone.ERROR)
            return
        self._ask(self.return_target, None)

    @Slot(ExportRequest)
    def write(self, request: ExportRequest) -> None:
        """Write what is on the desk as it is now; where it has yet to be rendered, after that."""
        at_home(self)
        work = self._desk.work
        if work is None:
            return
        try:
            target = request.target(work.session.photo.path, self._version_name(work))
            format_of(target)
            free = check_target(target, original=work.session.photo.path, conflict=request.conflict)
        except NtiError as error:
            self._say(str(error), Tone.ERROR)
            return
        preferences.remember_export_request(request)
        if free is None:
            self._say(f"“{target.name}” is there already and was left as it is.")
        else:
            self._ask(free, request)

    def _version_name(self, work: Work) -> str:
        return work.version.name if work.version else "unedited"

    def _ask(self, target: Path, request: ExportRequest | None) -> None:
        work = self._desk.work
        if work is None:
            return
        if not work.up_to_date and not work.is_the_photo:
            self._say(
                "This edit has no picture yet; prepare the photo as it is described now, then export.", Tone.ERROR
            )
            return
        wanted, provenance = work.wanted(), Provenance()
        if wanted is not None and work.version is not None:
            provenance = work.session.provenance((p.inversion, p.recipe.recipe()) for p in work.version.parts)
        self._desk.exports.add(ExportTask(work.session, wanted, target, request, provenance))

    @Slot(ExportTask, Exported)
    def _exported(self, task: ExportTask, exported: Exported) -> None:
        at_home(self)
        self._desk.outdated.emit((_topic(task),))
        self._say(" ".join((f"Exported to {exported.path}.", *exported.notes)))

    @Slot(ExportTask, Returned)
    def _returned(self, task: ExportTask, returned: Returned) -> None:
        """The project follows, of the photo as it is open now or of one that was left."""
        at_home(self)
        self._desk.outdated.emit((_topic(task),))
        said = f"Returned to {returned.path}. As it was, it lies beside it as “{returned.kept.name}”."
        text = " ".join((said, *returned.notes))
        now = self._desk.session
        session = now if now is not None and now.sidecar == task.session.sidecar else task.session
        try:
            follow(session, returned)
        except NtiError as error:
            text = f"{text} {error}"
        self._say(text)
        if session.dirty:
            self._desk.filing.save(session)
        self._desk.changed.emit()

    @Slot(ExportTask, NtiError)
    def _failed(self, task: ExportTask, error: NtiError) -> None:
        """It stays in sight whatever becomes of the others."""
        at_home(self)
        if isinstance(error, Cancelled):
            self._say(str(error))
        else:
            text = f"“{task.target.name}” was not written. {error}"
            self._desk.said.emit(Message(text, Tone.ERROR, topic=_topic(task)))

    def _say(self, text: str, tone: Tone = Tone.NOTE) -> None:
        self._desk.said.emit(Message(text, tone, topic="export"))


def _topic(task: ExportTask) -> str:
    return f"export {task.target}"
