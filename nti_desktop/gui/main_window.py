"""The window: its commands, what it opens, and how it closes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.leaving import Close, Destination, Leaving, OpenNext, patience
from nti_desktop.editing.leftovers import sweep_program_folders
from nti_desktop.editing.possible_commands import possible_commands
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, add_actions, command
from nti_desktop.gui.controllers.areas import Areas
from nti_desktop.gui.controllers.arrivals import Arrivals
from nti_desktop.gui.controllers.autosave import Autosave
from nti_desktop.gui.controllers.comparing import Comparing
from nti_desktop.gui.controllers.editing import Editing
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.exporting import Exporting
from nti_desktop.gui.controllers.feedback import EditFeedback
from nti_desktop.gui.controllers.journal import JournalController
from nti_desktop.gui.controllers.marking import Marking
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.controllers.models_page import ModelsPageController
from nti_desktop.gui.controllers.opening_feedback import OpeningFeedback
from nti_desktop.gui.controllers.panel_edits import PanelEdits
from nti_desktop.gui.controllers.pasting import Pasting
from nti_desktop.gui.controllers.samples import Samples
from nti_desktop.gui.controllers.saving_as import SavingAs
from nti_desktop.gui.controllers.story import Story
from nti_desktop.gui.controllers.taking_look import TakingLook
from nti_desktop.gui.controllers.teaching import Teaching
from nti_desktop.gui.controllers.trying import Trying
from nti_desktop.gui.controllers.versions import Versions
from nti_desktop.gui.controllers.viewing import Viewing
from nti_desktop.gui.editor.editor_view import EditorView
from nti_desktop.gui.models.device_chooser import DeviceChooser
from nti_desktop.gui.models.model_chooser import ModelChooser
from nti_desktop.gui.models.other_model import OtherModel
from nti_desktop.gui.photo_files import PHOTOS_AND_PROJECTS
from nti_desktop.gui.screen_colours import ScreenColours
from nti_desktop.gui.tool_bar import make_tool_bar
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.widgets.progress import ProgressWatch
from nti_desktop.gui.window_size import open_as_last_time
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread, load_service
from nti_desktop.gui.workers.thread_group import ThreadGroup
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Transfers
from nti_desktop.models.library.catalog import built_in


class MainWindow(QMainWindow):
    """Opens, saves and closes; its controllers do the rest. Closing saves, and waits for the threads."""

    closed = Signal()  # saved, and all threads have ended

    def __init__(self, save_after: int | None = None) -> None:
        """save_after: milliseconds from the last change until the project is saved by itself, see Autosave."""
        super().__init__()
        self.engine = EngineThread(load_service, self)
        self.background = Background(self)
        self.models_thread = Background(self, "models")
        self.transfers_thread = Background(self, "transfers")
        journal_thread = Background(self, "journal")
        workers = (self.background, self.models_thread, self.transfers_thread, journal_thread)
        self._threads = ThreadGroup((self.engine, *workers), self)
        self.editor = Editor(self.engine, self.background, self.models_thread, built_in(), self)
        self.autosave = Autosave(self.editor, save_after, self)
        self.journal = JournalController(self.editor, journal_thread, self)
        self.arrivals = Arrivals(self.editor, self.background, self)
        self.versions = Versions(self.editor, self)
        self.areas = Areas(self.editor, self)
        self.marking = Marking(self.editor, self)
        self.editor_view = EditorView(self.editor, self.versions, self.areas, self.marking)
        panels = self.editor_view.words_panel, self.editor_view.structure_panel, self.editor_view.mask_panel
        self.panel_edits = PanelEdits(self.editor, *panels, self)
        line = self.editor_view.prompts.edit
        self.comparing = Comparing(self.editor, self.engine, self.background, line, self)
        self.trying = Trying(self.editor, self.engine, self.background, line, self)
        self.story = Story(self.editor, self.engine, self.background, line, self)
        self.pasting = Pasting(self.editor, self.engine, self.background, line, self)
        beside = (self.comparing.plan, self.trying.plan, self.story.run, self.pasting.run)
        self.progress = ProgressWatch(self.engine, self.editor, beside, self.editor_view.strip, self)
        self.library = ModelLibrary(self.models_thread, self)
        self.transfers = Transfers(self.transfers_thread, self)
        self.models = ModelsPageController(self.editor, self.library, self.transfers, self)
        self.teaching = Teaching(self.engine, self.models_thread, self.library, self.models.page)
        self.chooser = ModelChooser(
            self.editor, self.library, self.editor_view.model_panel, self.models.show_page, self
        )
        self.other_model = OtherModel(self.editor, self.models.show_page, self)
        self.devices = DeviceChooser(self.engine, self.editor, self.editor_view.model_panel, self)
        self.editing = Editing(self.editor, self.editor_view, self.progress, self)
        self.feedback = EditFeedback(self.editor, self)
        self.exporting = Exporting(self.editor, self)
        self.saving_as = SavingAs(self.editor, self)
        self.taking_look = TakingLook(self.editor, self.engine, self.background, line, self)
        self.samples = Samples(self.editor, self.editor_view.start, self.open_path, self)
        self.opening_feedback = OpeningFeedback(self.editor, self)  # the last to speak, so that it is read first
        self.viewing = Viewing(
            self.editor_view, [MainWindow, Editing, SavingAs, Exporting, Versions, Areas, Marking], self
        )
        self.screen_colours = ScreenColours(self.editor, self.editor_view.strip, self.background, self)
        self._painted = False
        self._leaving = Leaving(self)
        self._save_patience = QTimer(self, singleShot=True)
        self._save_patience.timeout.connect(self._save_hangs)

        self.setCentralWidget(self.editor_view)
        self.setAcceptDrops(True)
        open_as_last_time(self)
        tried = (self.taking_look, self.trying, self.comparing, self.story)
        areas = (self.areas, self.marking)
        more = (self.exporting, *areas, self.versions, self.pasting, self.viewing, self.screen_colours, self.models)
        savers = (self.saving_as, self.autosave)
        self.actions_by_name = add_actions(self, (self, self.editing, *savers, *tried, *more))
        self.actions_by_name[self.autosave.chosen].setChecked(True)
        self.addToolBar(make_tool_bar(self.actions_by_name))
        self._show_state()

        self.editor_view.start.open_button.clicked.connect(self.open)
        self.editor_view.model_panel.more_button.clicked.connect(self.models.show_page)
        self.editor.changed.connect(self._show_state)
        self.editor_view.mask_panel.show_mask.toggled.connect(self.actions_by_name["show_mask"].setChecked)
        self.editor.file_tasks.open_failed.connect(self._open_failed)
        self.editor.preparing.prepared.connect(self._go_on_leaving)
        self.editor.preparing.failed.connect(self._go_on_leaving)
        self.editor.file_tasks.saved.connect(self._saved)
        self.editor.file_tasks.save_failed.connect(self._save_failed)
        self._threads.ended.connect(self._threads_ended)
        self.editor.bring_back_asked.connect(self._bring_back)

    @slot()
    def _show_state(self) -> None:
        """The title, and which commands have something to do."""
        editor, session = self.editor, self.editor.session
        possible = possible_commands(
            editor.document,
            opening=editor.glimpse is not None,
            can_prepare=editor.preparing.plan.possible,
            comparable=self.comparing.possible,
            final=editor.pictures.final,
            returns=self.exporting.return_target is not None,
        )
        for name, enabled in possible.items():
            self.actions_by_name[name].setEnabled(enabled)
        name = session.photo.path.name if session else ""
        if editor.glimpse is not None and editor.file_tasks.opening is not None:
            name = editor.file_tasks.opening.path.name
        self.setWindowTitle(f"{name}[*] — NTI Desktop" if name else "NTI Desktop")
        self.setWindowModified(possible["save"])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only once the window is there may the engine import what takes seconds."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.screen_colours.follow()
            QTimer.singleShot(0, self._start_engine)

    @slot()
    def _start_engine(self) -> None:
        if not self._leaving.closing:
            self.engine.start()
            self.library.look()
            self.models_thread.submit(sweep_program_folders, lambda _: None, lambda _: None)

    # Opening

    @slot(Path)
    def open_path(self, path: Path) -> None:
        """Open a photo or a project; what is open is saved before."""
        self._open_next(OpenNext(path))

    @slot(Path)
    def _bring_back(self, path: Path) -> None:
        self._open_next(OpenNext(path, brings_back=True))

    def _open_next(self, photo: OpenNext) -> None:
        self.editor.withdraw(Topic.DROP)
        self.editor_view.prompts.edit.settle()
        self._leave(photo)
        self.progress.refresh()

    def open_first(self, paths: Sequence[Path]) -> None:
        """Open one of several photos, and say what became of the others."""
        self.open_path(paths[0])
        if len(paths) > 1:
            text = f"One photo at a time: “{paths[0].name}” is opened, the others are not."
            self.editor.say(Message(text, topic=Topic.DROP))

    @slot(tuple)
    def come_forward(self, paths: tuple[Path, ...]) -> None:
        """Another start of the program wants this window, and perhaps photos in it."""
        if paths:
            self.open_first(paths)
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    @property
    def has_photo(self) -> bool:
        """Whether a photo is open, or being opened."""
        return self.editor.document is not None or self.editor.file_tasks.opening is not None

    # What is left for another photo or for good, see `Leaving`

    @property
    def closing(self) -> bool:
        """Whether the window is about to close, or has."""
        return self._leaving.closing

    @property
    def unsaved(self) -> bool:
        """Whether the open photo's project has something to save."""
        session = self.editor.session
        return session is not None and session.working_copy.dirty

    @property
    def saving(self) -> bool:
        """Whether a project is being written."""
        return self.editor.file_tasks.saving

    @property
    def busy(self) -> bool:
        """Whether a photo is being prepared."""
        return self.editor.preparing.plan.busy

    def go(self, destination: Destination) -> None:
        """Open another photo, or end."""
        match destination:
            case OpenNext(path, brings_back):
                self.editor.file_tasks.open(path, brings_back)
            case Close():
                self.autosave.stop()
                self.journal.end()
                self._threads.stop()

    def _leave(self, destination: Destination) -> None:
        session = self.editor.session
        size = session.working_copy.size if session else 0
        self._save_patience.start(round(1000 * patience(destination, size)))
        self._leaving.ask(destination)

    @slot()
    def _save_hangs(self) -> None:
        """Whoever waits to leave need not wait for a drive that does not answer: as long as the program runs, what is
        written to it still is, and what is not saved in the end is in the journal.
        """
        if not self.saving:
            return
        if self._leaving.destination != Close() or self.journal.written:
            self._leaving.go()
            return
        self._leaving.stay()
        self.show()
        text = "Not everything is saved yet, as the drive does not answer; wait until it does, or close without."
        anyway = Action("Close without saving", self._close_without_saving)
        self.editor.say(Message(text, Tone.ERROR, topic=Topic.SAVE, actions=(anyway,)))

    @command("&Open…", Menu.FILE, "Ctrl+O")
    @slot()
    def open(self) -> None:
        """Open a photo, or a project beside its photo."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a photo", preferences.last_folder(), PHOTOS_AND_PROJECTS)
        if name:
            preferences.remember_folder(Path(name).parent)
            self.open_path(Path(name))

    @slot(Path, NtiError)
    def _open_failed(self, path: Path, error: NtiError) -> None:
        if not isinstance(error, Cancelled):
            self.editor.say_failed(error, Topic.OPEN, path)
        self.progress.refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return
        event.acceptProposedAction()
        self.open_first(paths)

    # Saving

    @command("&Save", Menu.FILE, "Ctrl+S")
    @slot()
    def save(self) -> None:
        """Save the project beside the photo; the photo itself is never touched."""
        self.editor_view.prompts.edit.settle()
        session = self.editor.session
        if session is not None and session.read_only:
            self.editor.say(Message(session.read_only, Tone.ERROR, topic=Topic.SAVE))
        self.editor.save()
        self.progress.refresh()

    @slot(Session)
    def _saved(self, session: Session) -> None:
        self.editor.withdraw(Topic.SAVE, of=str(session.sidecar))
        self._show_state()
        self.progress.refresh()
        self._leaving.go_on()

    @slot(SaveRequest, NtiError)
    def _save_failed(self, request: SaveRequest, error: NtiError) -> None:
        session, repeated = request.session, self.autosave.repeats(request, error)
        elsewhere = Action("Save as…", partial(self.saving_as.ask, session))
        actions = [elsewhere, Action("Try again", partial(self._save_again, session))]
        if session is self.editor.session and isinstance(self._leaving.destination, OpenNext):
            actions = [elsewhere, Action("Open without saving", self._leaving.go)]
        elif self._leaving.closing:
            self._leaving.stay()
            self.show()
            anyway = Action("Close without saving", self._close_without_saving)
            actions = [elsewhere, anyway, Action("Try again", self._close)]
        elif repeated:
            actions = []
        if actions:
            about = str(session.sidecar)
            self.editor.say(Message(str(error), Tone.ERROR, topic=Topic.SAVE, of=about, actions=tuple(actions)))
        self.progress.refresh()

    def _save_again(self, session: Session) -> None:
        """Save the photo that is open, or one that was left."""
        if session is self.editor.session:
            self.save()
        else:
            self.editor.file_tasks.save(SaveRequest(session))

    # Closing

    @command("&Quit", Menu.FILE, "Ctrl+Q", separated=True, last=True)
    @slot()
    def quit(self) -> None:
        """Save and close the window."""
        self.close()

    @slot()
    def close_when_interrupted(self) -> None:
        """The terminal or the system asked the program to end, which may not take long."""
        self._close_without_exporting(soon=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._close()

    def _close(self, soon: bool = False) -> None:
        """Hide, cancel, save; `closed` is sent once all threads have ended."""
        if self._leaving.closing:
            return
        if waiting := self.editor.exports.queue.waiting:
            self.editor.say(
                Message(
                    f"{waiting[0].title} is not done yet; wait for it, or close without it.",
                    topic=Topic.CLOSING,
                    actions=(Action("Close without exporting", self._close_without_exporting),),
                )
            )
            return
        self._leaving.stay()
        preferences.remember_window_geometry(self.saveGeometry())
        self.editor_view.prompts.edit.settle()
        self.hide()
        self.journal.note()
        self.editor.file_tasks.stop_opening()
        self.models.page.close()
        self.comparing.stop()
        self.trying.stop()
        self.story.stop()
        self.pasting.stop()
        self.editor.cancel()
        self.editor.model.stop()
        self.transfers.cancel()
        self._leave(Close(soon))

    @slot()
    def _go_on_leaving(self) -> None:
        """Go on closing once preparing has ended, as what was prepared before it could be stopped is saved, too."""
        if self._leaving.closing:
            self._leaving.go_on()

    def _close_without_exporting(self, soon: bool = False) -> None:
        self.editor.exports.queue.cancel_all()
        self._close(soon)

    def _close_without_saving(self) -> None:
        self.hide()
        self._leaving.go(Close())

    @slot()
    def _threads_ended(self) -> None:
        self.closed.emit()
