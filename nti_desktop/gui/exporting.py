"""Exports: ask how, wait for the final picture, write it, say what became of it."""

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nti_desktop.errors import NtiError
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.export_request import ExportRequest
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
        self._asked: tuple[Path, ExportRequest | None] | None = None  # None: return to it
        self.dialog.asked.connect(self.write)
        desk.final.connect(self._write_if_asked)
        desk.opened.connect(self._forget)
        desk.rendering.failed.connect(self._forget)
        desk.rendering.stopped.connect(self._forget)
        desk.model.missed.connect(self._forget)
        desk.filing.exported.connect(self._exported)
        desk.filing.returned.connect(self._returned)
        desk.filing.export_failed.connect(self._export_failed)

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
            self._export_failed(error)
            return
        self._ask(self.return_target, None)

    @Slot(ExportRequest)
    def write(self, request: ExportRequest) -> None:
        """Write what is on the desk; where it has yet to be rendered, after that."""
        at_home(self)
        work = self._desk.work
        if work is None:
            return
        try:
            target = request.target(work.session.photo.path, self._version_name(work))
            format_of(target)
            free = check_target(target, original=work.session.photo.path, conflict=request.conflict)
        except NtiError as error:
            self._export_failed(error)
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
        self._asked = target, request
        if self._desk.picture_is_final:
            self._write_if_asked()
        else:
            self._desk.render()

    @Slot()
    def _write_if_asked(self) -> None:
        at_home(self)
        work = self._desk.work
        if self._asked is None or work is None:
            return
        (target, request), self._asked = self._asked, None
        composed = None if work.is_the_photo else self._desk.rendering.last
        provenance = Provenance()
        if composed is not None and work.version is not None:
            provenance = work.session.provenance((p.inversion, p.recipe.recipe()) for p in work.version.parts)
        if request is None:
            self._desk.filing.return_to(work.session, composed, target, provenance)
        else:
            self._desk.filing.export(work.session, composed, target, request, provenance)

    @Slot()
    def _forget(self) -> None:
        at_home(self)
        self._asked = None

    @Slot(Exported)
    def _exported(self, exported: Exported) -> None:
        at_home(self)
        self._say(" ".join((f"Exported to {exported.path}.", *exported.notes)))

    @Slot(Returned)
    def _returned(self, returned: Returned) -> None:
        at_home(self)
        said = f"Returned to {returned.path}. As it was, it lies beside it as “{returned.kept.name}”."
        text = " ".join((said, *returned.notes))
        session = self._desk.session
        try:
            if session is not None:
                follow(session, returned)
        except NtiError as error:
            text = f"{text} {error}"
        self._say(text)
        self._desk.save()
        self._desk.changed.emit()

    @Slot(NtiError)
    def _export_failed(self, error: NtiError) -> None:
        at_home(self)
        self._say(str(error), Tone.ERROR)

    def _say(self, text: str, tone: Tone = Tone.NOTE) -> None:
        self._desk.said.emit(Message(text, tone, topic="export"))
