"""The window: a list of what one can do in it, each thing with its controller."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow

from nti_desktop.editing.leftovers import sweep_program_folders
from nti_desktop.editing.possible_commands import possible_commands
from nti_desktop.gui.commands import Menu, add_actions, command
from nti_desktop.gui.controllers.areas import Areas
from nti_desktop.gui.controllers.arrivals import Arrivals
from nti_desktop.gui.controllers.autosave import Autosave
from nti_desktop.gui.controllers.comparing import Comparing
from nti_desktop.gui.controllers.completing import Completing
from nti_desktop.gui.controllers.editing import Editing
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.exporting import Exporting
from nti_desktop.gui.controllers.feedback import EditFeedback
from nti_desktop.gui.controllers.image_prompts import ImagePrompts
from nti_desktop.gui.controllers.journal import JournalController
from nti_desktop.gui.controllers.leaving import LeavingController
from nti_desktop.gui.controllers.marking import Marking
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.controllers.models_page import ModelsPageController
from nti_desktop.gui.controllers.opening import Opening, dropped_files
from nti_desktop.gui.controllers.opening_feedback import OpeningFeedback
from nti_desktop.gui.controllers.panel_edits import PanelEdits
from nti_desktop.gui.controllers.pasting import Pasting
from nti_desktop.gui.controllers.progress import ProgressWatch
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
from nti_desktop.gui.screen_colours import ScreenColours
from nti_desktop.gui.tool_bar import make_tool_bar
from nti_desktop.gui.window_size import open_as_last_time
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread, load_service
from nti_desktop.gui.workers.thread_group import ThreadGroup
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Transfers
from nti_desktop.models.library.catalog import built_in


class MainWindow(QMainWindow):
    """Puts its controllers together. Closing saves, and waits for the threads."""

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
        strip = self.editor_view.strip
        self.progress = ProgressWatch(self.engine, self.editor, beside, self.autosave, strip, self)
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
        self.exporting = Exporting(self.editor, line, self)
        self.saving_as = SavingAs(self.editor, self)
        self.completing = Completing(self.editor, self.engine, self.editor_view.prompts, self)
        self.taking_look = TakingLook(self.editor, self.engine, self.background, line, self)
        self.image_prompts = ImagePrompts(self.editor, self.background, line, self)
        stops = (
            self.editor.file_tasks.stop_opening,
            self.models.page.close,
            self.comparing.stop,
            self.trying.stop,
            self.story.stop,
            self.pasting.stop,
            self.image_prompts.stop,
            self.editor.cancel,
            self.editor.model.stop,
            self.transfers.cancel,
        )
        self.leaving = LeavingController(
            self.editor, self.saving_as, self.autosave, self.journal, self._threads, stops, line, self
        )
        self.opening = Opening(self.editor, self.leaving, line, self)
        self.samples = Samples(self.editor, self.editor_view.start, self.opening.open_path, self)
        self.opening_feedback = OpeningFeedback(self.editor, self)  # the last to speak, so that it is read first
        self.screen_colours = ScreenColours(self.editor, self.editor_view.strip, self.background, self)
        self._painted = False

        self.setCentralWidget(self.editor_view)
        self.setAcceptDrops(True)
        open_as_last_time(self)
        files = (self.opening, self.leaving, self)
        tried = (self.completing, self.taking_look, self.trying, self.comparing, self.story)
        savers = (self.saving_as, self.autosave)
        areas = (self.areas, self.marking, self.image_prompts)
        before = (*files, self.editing, *savers, *tried, self.exporting, *areas, self.versions, self.pasting)
        after = (self.screen_colours, self.models)
        self.viewing = Viewing(self.editor_view, [type(owner) for owner in (*before, *after)], self)
        self.actions_by_name = add_actions(self, (*before, self.viewing, *after))
        self.actions_by_name[self.autosave.chosen].setChecked(True)
        self.addToolBar(make_tool_bar(self.actions_by_name))
        self._show_state()

        self.editor_view.start.open_button.clicked.connect(self.opening.open)
        self.editor_view.model_panel.more_button.clicked.connect(self.models.show_page)
        self.editor_view.mask_panel.picture_button.clicked.connect(self.image_prompts.draw_after_picture)
        self.editor_view.mask_panel.without_picture.clicked.connect(self.image_prompts.take_picture_away)
        self.editor.changed.connect(self._show_state)
        self.editor.file_tasks.saved.connect(self._show_state)
        self.editor_view.mask_panel.show_mask.toggled.connect(self.actions_by_name["show_mask"].setChecked)
        self._threads.ended.connect(self._threads_ended)

    @slot()
    def _show_state(self) -> None:
        """The title, and which commands have something to do."""
        editor, session = self.editor, self.editor.session
        possible = possible_commands(
            editor.document,
            opening=editor.glimpse is not None,
            can_prepare=editor.preparing.plan.possible,
            comparable=self.comparing.possible,
            can_render=editor.pictures.can_render,
            returns=self.exporting.returns,
        )
        for name, enabled in possible.items():
            self.actions_by_name[name].setEnabled(enabled)
        self.editor_view.mask_panel.show_possible(possible)
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
        if not self.leaving.closing:
            self.engine.start()
            self.library.look()
            self.models_thread.submit(sweep_program_folders, lambda _: None, lambda _: None)

    @slot(tuple)
    def come_forward(self, paths: tuple[Path, ...]) -> None:
        """Another start of the program wants this window, and perhaps photos in it."""
        if paths:
            self.opening.open_first(paths)
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := dropped_files(event.mimeData()):
            event.acceptProposedAction()
            self.opening.open_first(paths)

    # Closing

    @command("&Quit", Menu.FILE, "Ctrl+Q", separated=True, last=True)
    @slot()
    def quit(self) -> None:
        """Save and close the window."""
        self.close()

    def close_when_interrupted(self) -> None:
        """The terminal or the system asked the program to end, which may not take long."""
        self.leaving.close_without_exporting(soon=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.leaving.close()

    @slot()
    def _threads_ended(self) -> None:
        self.closed.emit()
