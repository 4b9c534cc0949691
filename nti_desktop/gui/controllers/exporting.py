"""Exports: ask how, hand on what is asked for, say what became of it."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.changes import Change
from nti_desktop.editing.document import Document
from nti_desktop.editing.export_queue import ExportTask
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.returning import Returned, follow
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.export.export_dialog import ExportDialog
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.export.formats import format_of
from nti_desktop.project.location import same_place


class Exporting(QObject):
    """Writes the open edit."""

    def __init__(self, editor: Editor, line: PromptLine, window: QWidget) -> None:
        """line: where the edit is typed."""
        super().__init__(window)
        self._editor, self._line = editor, line
        self.dialog = ExportDialog(window)
        self.return_target: Path | None = None  # the file that a raw editor gave and waits for
        self._given: set[str] = set()  # identities of the photos that were given as it
        self.dialog.asked.connect(self.write)
        editor.opened.connect(self.dialog.close)
        editor.changed.connect(self._changed)
        editor.exports.exported.connect(self._exported)
        editor.exports.returned.connect(self._returned)
        editor.exports.failed.connect(self._failed)

    @property
    def returns(self) -> bool:
        """Whether the photo that is open is the one that the raw editor waits for, or was, by its name before."""
        session, target = self._editor.session, self.return_target
        if session is None or target is None:
            return False
        return same_place(session.photo.path, target) or session.photo.identity in self._given

    @slot(Change)
    def _changed(self, change: Change) -> None:
        """The open dialog names what it would export now."""
        document = self._editor.document
        if document is not None and change & Change.VERSIONS and self.dialog.isVisible():
            self.dialog.show_subject(document.session.photo, self._version_name(document))

    @command("&Export…", Menu.FILE, "Ctrl+Shift+E", separated=True)
    @slot()
    def export(self) -> None:
        """Write this version as a picture."""
        self._line.settle()
        document = self._editor.document
        if document is not None:
            self.dialog.ask(preferences.export_request(), document.session.photo, self._version_name(document))

    @command("Export a&gain", Menu.FILE, "Ctrl+Shift+R")
    @slot()
    def export_again(self) -> None:
        """Write this version the way the last one was written, without asking."""
        self.write(preferences.export_request())

    @command("&Return to raw editor", Menu.FILE, "Ctrl+R")
    @slot()
    def return_to_editor(self) -> None:
        """Replace the file that the raw editor gave; its old bytes are kept beside it."""
        self._line.settle()
        session = self._editor.session
        if session is not None and self.return_target is not None and self.returns:
            self._given.add(session.photo.identity)
            self._ask(self.return_target, None)

    @slot(ExportRequest)
    def write(self, request: ExportRequest) -> None:
        """Write the open edit as it is now; where it has yet to be rendered, after that."""
        self._line.settle()
        document = self._editor.document
        if document is None:
            return
        try:
            target = request.target(document.session.photo.path, self._version_name(document))
            format_of(target)
        except NtiError as error:
            self._say(str(error), Tone.ERROR)
            return
        preferences.remember_export_request(request)
        self._ask(target, request)

    def _version_name(self, document: Document) -> str:
        return document.version.name if document.version else "unedited"

    def _ask(self, target: Path, request: ExportRequest | None) -> None:
        document = self._editor.document
        if document is None:
            return
        if not document.up_to_date and not document.is_the_photo:
            self._say(
                "This edit has no picture yet; prepare the photo as it is described now, then export.", Tone.ERROR
            )
            return
        wanted, provenance = document.wanted(), Provenance()
        if wanted is not None and document.version is not None:
            provenance = document.session.provenance((p.inversion, p.recipe.recipe()) for p in document.version.parts)
        self._editor.exports.queue.add(ExportTask(document.session, wanted, target, request, provenance))

    @slot(ExportTask, Exported)
    def _exported(self, task: ExportTask, exported: Exported) -> None:
        self._editor.withdraw(Topic.EXPORT_FAILED, of=str(task.target))
        if exported.path is None:
            self._say(f"“{task.target.name}” is there already and was left as it is.")
        else:
            self._say(" ".join((f"Exported to {exported.path}.", *exported.notes)))

    @slot(ExportTask, Returned)
    def _returned(self, task: ExportTask, returned: Returned) -> None:
        """The project follows, of the photo as it is open now or of one that was left."""
        self._editor.withdraw(Topic.EXPORT_FAILED, of=str(task.target))
        said = f"Returned to {returned.path}. As it was, it lies beside it as “{returned.kept.name}”."
        text = " ".join((said, *returned.notes))
        now = self._editor.session
        session = now if now is not None and now.sidecar == task.session.sidecar else task.session
        try:
            follow(session, returned)
        except NtiError as error:
            text = f"{text} {error}"
        self._say(text)
        if session.working_copy.dirty:
            self._editor.file_tasks.save(SaveRequest(session))
        self._editor.tell(Change.VERSIONS)

    @slot(ExportTask, NtiError)
    def _failed(self, task: ExportTask, error: NtiError) -> None:
        """It stays in sight whatever becomes of the others."""
        if isinstance(error, Cancelled):
            self._say(str(error))
        else:
            text = f"“{task.target.name}” was not written. {error}"
            self._editor.say(Message(text, Tone.ERROR, topic=Topic.EXPORT_FAILED, of=str(task.target)))

    def _say(self, text: str, tone: Tone = Tone.NOTE) -> None:
        self._editor.say(Message(text, tone, topic=Topic.EXPORT))
