"""The window: its commands, what it opens, and how it closes."""

import logging
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QSizePolicy, QToolBar, QWidget

from nti_desktop.core.errors import Cancelled, ModelError, NtiError
from nti_desktop.editing import edits
from nti_desktop.editing.leaving import Close, Destination, Leaving, OpenNext
from nti_desktop.editing.leftovers import sweep_program_folders
from nti_desktop.editing.tries import drawn_by_lot
from nti_desktop.gui import preferences, sample_photos
from nti_desktop.gui.commands import Menu, add_actions, command
from nti_desktop.gui.controllers.areas import Areas
from nti_desktop.gui.controllers.autosave import AFTER, Autosave
from nti_desktop.gui.controllers.comparing import Comparing
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.exporting import Exporting
from nti_desktop.gui.controllers.feedback import EditFeedback
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.controllers.models_page import ModelsPageController
from nti_desktop.gui.controllers.trying import Trying
from nti_desktop.gui.controllers.versions import Versions
from nti_desktop.gui.controllers.viewing import Viewing
from nti_desktop.gui.editor.editor_view import EditorView
from nti_desktop.gui.models.device_chooser import DeviceChooser
from nti_desktop.gui.models.model_chooser import ModelChooser
from nti_desktop.gui.models.other_model import OtherModel
from nti_desktop.gui.screen_colours import ScreenColours
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.widgets.progress import ProgressWatch
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread, load_service
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Transfers
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.reading.header import PICTURE_SUFFIXES, RAW_SUFFIXES

log = logging.getLogger(__name__)

_READABLE = (
    f"Photos and projects ({' '.join(f'*{suffix}' for suffix in (*PICTURE_SUFFIXES, *sorted(RAW_SUFFIXES), '.nti'))})"
)
_LOOKING = ("fit", "full_size", "zoom_in", "zoom_out")


class MainWindow(QMainWindow):
    """Everything the user can do is a command here. Closing saves, and waits for the threads."""

    closed = Signal()  # saved, and all threads have ended

    def __init__(self, save_after: int = AFTER) -> None:
        """save_after: milliseconds from the last change until the project is saved by itself."""
        super().__init__()
        self.engine = EngineThread(load_service, self)
        self.background = Background(self)
        self.models_thread = Background(self, "models")
        self.transfers_thread = Background(self, "transfers")
        self._threads = (self.engine, self.background, self.models_thread, self.transfers_thread)
        self.editor = Editor(self.engine, self.background, self.models_thread, built_in(), self)
        self.autosave = Autosave(self.editor, save_after, self)
        self.versions = Versions(self.editor, self)
        self.areas = Areas(self.editor, self)
        self.editor_view = EditorView(self.editor, self.versions, self.areas)
        self.progress = ProgressWatch(self.engine, self.editor, self.editor_view.strip, self)
        self.library = ModelLibrary(self.models_thread, self)
        self.transfers = Transfers(self.transfers_thread, self)
        self.models = ModelsPageController(self.editor, self.library, self.transfers, self)
        self.chooser = ModelChooser(self.editor, self.library, self.editor_view.model_panel, self)
        self.other_model = OtherModel(self.editor, self)
        self.devices = DeviceChooser(self.engine, self.editor, self.editor_view.model_panel, self)
        self.feedback = EditFeedback(self.editor, self)
        self.exporting = Exporting(self.editor, self)
        self.comparing = Comparing(self.editor, self.editor_view.prompts.edit, self)
        self.trying = Trying(self.editor, self.engine, self.background, self.editor_view.prompts.edit, self)
        self.viewing = Viewing(self.editor_view, [MainWindow, Exporting, Versions, Areas], self)
        self.screen_colours = ScreenColours(self.editor, self.editor_view.strip, self.background, self)
        self._painted = False
        self._leaving = Leaving(self)
        self._ending = False

        self.setCentralWidget(self.editor_view)
        self.setAcceptDrops(True)
        self._take_room()
        more = (self.exporting, self.areas, self.versions, self.viewing, self.screen_colours, self.models)
        self.actions_by_name = add_actions(self, (self, self.trying, self.comparing, *more))
        self._add_toolbar()
        self._show_state()

        self.chooser.page_asked.connect(self.models.show_page)
        self.other_model.find_asked.connect(self.models.show_page)
        self.editor_view.start.open_asked.connect(self.open)
        self.editor_view.start.sample_asked.connect(self.open_sample)
        self._show_samples()
        self.editor.changed.connect(self._show_state)
        self.editor_view.mask_panel.show_mask.toggled.connect(self.actions_by_name["show_mask"].setChecked)
        self.editor.file_tasks.open_failed.connect(self._open_failed)
        self.editor.preparing.prepared.connect(self._go_on_leaving)
        self.editor.preparing.failed.connect(self._go_on_leaving)
        self.editor.file_tasks.saved.connect(self._saved)
        self.editor.file_tasks.save_failed.connect(self._save_failed)
        self.editor.opened.connect(self._opened)
        self.editor.bring_back_asked.connect(self._bring_back)
        for thread in self._threads:
            thread.finished.connect(self._thread_ended)
            if thread is not self.engine:
                thread.start()

    def _take_room(self) -> None:
        """As large as last time, else most of the screen."""
        self.resize(within_screen(self, QSize(1600, 1000)))
        geometry = preferences.window_geometry()
        if geometry is not None:
            self.restoreGeometry(geometry)

    def _add_toolbar(self) -> None:
        bar = QToolBar("Tools")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        for name in ("open", "save", "export", "", "undo", "redo", " ", "compare", "show_mask", "fit", "full_size"):
            if name in self.actions_by_name:
                bar.addAction(self.actions_by_name[name])
            elif name == " ":
                space = QWidget()
                space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(space)
            else:
                bar.addSeparator()
        self.addToolBar(bar)

    def _show_samples(self) -> None:
        try:
            self.editor_view.start.show_samples([(sample.path, sample.caption) for sample in samples()])
        except ModelError as error:
            self.editor.say(Message(str(error), Tone.ERROR))

    @slot()
    def _show_state(self) -> None:
        """The title, and which commands have something to do."""
        session, document = self.editor.session, self.editor.document
        history = document.history if document else None
        ready = document is not None and document.up_to_date
        several = session is not None and len(session.project.versions) > 1
        possible = {
            "save": session is not None and session.working_copy.dirty,
            "export": session is not None,
            "export_again": session is not None,
            "return_to_editor": session is not None and self.exporting.return_target is not None,
            "undo": document is not None and document.can_undo,
            "redo": document is not None and document.can_redo,
            "prepare": document is not None and document.can_be_prepared and not self.editor.preparing.plan.at_work,
            "render_edit": ready and not self.editor.pictures.final,
            "compare_ways": self.comparing.possible,
            "show_tries": self.trying.possible,
            "another_try": document is not None and drawn_by_lot(document),
            "draw_area": document is not None,
            "work_on_whole": document is not None and document.area != document.whole,
            "reset_structure": history is not None,
            "add_version": ready,
            "ask_for_name": session is not None and bool(session.project.versions),
            "delete_version": several,
            "next_version": several,
            "previous_version": several,
            "compare": session is not None,
            "show_before": session is not None,
            "show_mask": session is not None,
            "fit": session is not None,
            "full_size": session is not None,
            "zoom_in": session is not None,
            "zoom_out": session is not None,
        }
        if self.editor.glimpse is not None:  # a photo that is still being opened can be looked at
            possible = {name: name in _LOOKING for name in possible}
        for name, enabled in possible.items():
            self.actions_by_name[name].setEnabled(enabled)
        name = session.photo.path.name if session else ""
        if self.editor.glimpse is not None and self.editor.file_tasks.opening is not None:
            name = self.editor.file_tasks.opening.path.name
        self.setWindowTitle(f"{name}[*] — NTI Desktop" if name else "NTI Desktop")
        self.setWindowModified(session is not None and session.working_copy.dirty and self.editor.glimpse is None)

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

    def open_path(self, path: Path) -> None:
        """Open a photo or a project; what is open is saved before."""
        self._open_next(OpenNext(path))

    @slot(Path)
    def _bring_back(self, path: Path) -> None:
        self._open_next(OpenNext(path, brings_back=True))

    def _open_next(self, photo: OpenNext) -> None:
        self.editor_view.prompts.edit.settle()
        self._leaving.ask(photo)
        self.progress.refresh()

    # What is left for another photo or for good, see `Leaving`

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
                self._end_threads()

    @command("&Open…", Menu.FILE, "Ctrl+O")
    @slot()
    def open(self) -> None:
        """Open a photo, or a project beside its photo."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a photo", preferences.last_folder(), _READABLE)
        if name:
            preferences.remember_folder(Path(name).parent)
            self.open_path(Path(name))

    @slot(Path)
    def open_sample(self, sample: Path) -> None:
        """Open the user's own copy of a sample."""
        try:
            self.open_path(sample_photos.own_copy(sample))
        except NtiError as error:
            self._open_failed(sample, error)

    @slot()
    def _opened(self) -> None:
        session = self.editor.session
        assert session is not None
        try:
            sample = sample_photos.sample_of(session.photo.identity)
        except NtiError:
            sample = None  # what is wrong with the samples was said at the start
        if sample is not None:
            self.editor.suggest(sample.caption, sample.edits)
        self.progress.refresh()

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
        self.open_path(paths[0])
        if len(paths) > 1:
            text = f"One photo at a time: “{paths[0].name}” is opened, the others are not."
            self.editor.say(Message(text, topic=Topic.DROP))

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

    @slot()
    def _saved(self) -> None:
        self.editor.withdraw(Topic.SAVE)
        self._show_state()
        self.progress.refresh()
        self._leaving.go_on()

    @slot(NtiError)
    def _save_failed(self, error: NtiError) -> None:
        repeated = self.autosave.repeats(error)
        actions = [Action("Try again", self.save)]
        if isinstance(self._leaving.destination, OpenNext):
            actions = [Action("Open without saving", self._leaving.go)]
        elif self._leaving.closing:
            self._leaving.stay()
            self.show()
            actions = [Action("Close without saving", self._close_without_saving), Action("Try again", self._close)]
        elif repeated:
            actions = []
        if actions:
            self.editor.say(Message(str(error), Tone.ERROR, topic=Topic.SAVE, actions=tuple(actions)))
        self.progress.refresh()

    # Closing

    @command("&Quit", Menu.FILE, "Ctrl+Q", separated=True, last=True)
    @slot()
    def quit(self) -> None:
        """Save and close the window."""
        self.close()

    @slot()
    def close_when_interrupted(self) -> None:
        """The terminal or the system asked the program to end, which may not take long."""
        self._close_without_exporting()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._close()

    def _close(self) -> None:
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
        self.editor.file_tasks.stop_opening()
        self.models.page.close()
        self.comparing.stop()
        self.trying.stop()
        self.editor.cancel()
        self.editor.model.stop()
        self.transfers.cancel()
        self._leaving.ask(Close())

    @slot()
    def _go_on_leaving(self) -> None:
        """Go on closing once preparing has ended, as what was prepared before it could be stopped is saved, too."""
        if self._leaving.closing:
            self._leaving.go_on()

    def _close_without_exporting(self) -> None:
        self.editor.exports.queue.cancel_all()
        self._close()

    def _close_without_saving(self) -> None:
        self.hide()
        self._leaving.go(Close())

    def _end_threads(self) -> None:
        self._ending = True
        self.autosave.stop()
        for thread in self._threads:
            thread.stop()
        self._thread_ended()  # the engine's may never have been started

    @slot()
    def _thread_ended(self) -> None:
        if self._ending and not any(thread.isRunning() for thread in self._threads):
            self._ending = False
            for thread in self._threads:  # `finished` is sent a moment before a thread has ended
                thread.wait()
            self.closed.emit()

    # The edit

    @command("&Undo", Menu.EDIT, "Ctrl+Z")
    @slot()
    def undo(self) -> None:
        """Take back the last change of the edit or of the list of versions."""
        self.editor_view.prompts.edit.settle()
        self.editor.undo()

    @command("&Redo", Menu.EDIT, "Ctrl+Shift+Z", "Ctrl+Y")
    @slot()
    def redo(self) -> None:
        """Make the change again that was taken back."""
        self.editor.redo()

    @command("&Prepare photo", Menu.EDIT, "Ctrl+P", separated=True)
    @slot()
    def prepare(self) -> None:
        """Let the model learn this photo, so that words can change it."""
        self.editor_view.prepare()

    @command("&Render", Menu.EDIT, "Ctrl+Return")
    @slot()
    def render_edit(self) -> None:
        """Render the edit at full quality."""
        self.editor_view.prompts.edit.settle()
        self.editor.render()

    @command("Another &try", Menu.EDIT, "Ctrl+T")
    @slot()
    def another_try(self) -> None:
        """Draw the edit by another lot; undo brings this one back."""
        self.editor.edit("try", edits.with_next_seed)

    @command("&Cancel", Menu.EDIT, "Escape")
    @slot()
    def cancel(self) -> None:
        """Stop what is under way: drawing an area, else what the bottom line tells of."""
        if self.editor_view.view.drawing:
            self.editor_view.view.end_drawing()
            return
        self.progress.cancel()

    @command("Back to the &usual structure", Menu.EDIT, separated=True)
    @slot()
    def reset_structure(self) -> None:
        """Follow the photo as closely as is usual for what the edit changes."""
        self.editor.edit("reset", edits.with_usual_structure)
