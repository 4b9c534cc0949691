"""The open version's edit, made on other photos: each gets a version of its own in its own project."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.core.units import duration
from nti_desktop.editing.series import Series, Told, Way, takes, tell_series, whole_edit
from nti_desktop.editing.session import Session
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.dialog_controller import DialogController
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.series_run import ALL_DONE, SeriesRun
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.editor.series_dialog import Entry, SeriesDialog, Wording
from nti_desktop.gui.photo_files import PHOTOS
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot

WORDING = Wording(
    title="Apply to other photos",
    heading="Each photo gets a version with this edit in its own project. Say what a photo shows where that is "
    "something else than here; the change is made in those words.",
    line="What it shows",
    add="&Add photos…",
)


class Pasting(DialogController):
    """Prepares other photos and makes the edit of each; what is wrong with one is said beside it."""

    def __init__(
        self, editor: Editor, engine: EngineThread, background: Background, line: PromptLine, window: QWidget
    ) -> None:
        """line: where the edit is typed."""
        self.dialog = SeriesDialog(WORDING, window)
        super().__init__(self.dialog, window)
        self._editor, self._line = editor, line
        self.run: SeriesRun[Told] = SeriesRun(self.dialog, engine, background, self._show, self._conclusion)
        self._wish: Series | None = None  # with no photos yet
        self._edited: Path | None = None  # the photo whose edit it is
        self._told: dict[str, Told] = {}  # by photo
        self.dialog.changed.connect(self._show_forecast)
        self.dialog.add_button.clicked.connect(self._add)
        self.dialog.start_button.clicked.connect(self.begin)
        self.dialog.stop_button.clicked.connect(self.run.cancel)
        self.dialog.sheet_button.clicked.connect(self._save_sheet)

    @command("Apply to &other photos…", Menu.VERSION)
    @slot()
    def apply_to_others(self) -> None:
        """Make this edit on other photos; each gets a version of its own."""
        self._line.settle()
        document = self._editor.document
        if document is None or document.version is None:
            return
        session, version = document.session, document.version
        record = session.project.inversion(version.inversion)
        settings = record.settings.settings()
        try:
            entry = session.known_model(record)
            if entry is None:
                raise ModelError("The model that this edit was made with is not found yet; wait, or bring it back.")
            edit = whole_edit(session, version)
        except NtiError as error:
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.EFFECT))
            return
        way = Way(entry, record.model_fingerprint, settings.method, settings.steps, settings.guidance_scale)
        self.run.cancel()
        self._told.clear()
        self._wish = Series((), (edit,), way, settings.prompt, usual=document.basis.defaults, name=version.name)
        self._edited = session.photo.path
        self.dialog.ask(())
        self._add()

    @slot()
    def _add(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self.dialog, "Add photos", preferences.last_folder(), PHOTOS)
        if names:
            preferences.remember_folder(Path(names[0]).parent)
        self.add([Path(name) for name in names])

    def add(self, photos: list[Path]) -> None:
        """List more photos, without the one whose edit it is."""
        wish, entries, edited = self._wish, self.dialog.entries, self._edited
        if wish is None or edited is None:
            return
        known = {entry.key for entry in entries} | {str(edited)}
        usual = f"as before, else: {wish.prompt}" if wish.prompt else ""
        new = [Entry(str(path), path.name, usual=usual) for path in dict.fromkeys(photos) if str(path) not in known]
        self.dialog.show_entries([*entries, *new], len(entries))
        self.dialog.state.setText(f"“{edited.name}” has this edit already." if edited in photos else "")

    @property
    def _series(self) -> Series | None:
        """As the dialog asks for it; None as long as there are no photos."""
        entries, wish = self.dialog.entries, self._wish
        if wish is None or not entries:
            return None
        photos = tuple(Path(entry.key) for entry in entries)
        described = {Path(entry.key): entry.text for entry in entries if entry.text}
        return Series(photos, wish.edits, wish.way, wish.prompt, described, wish.usual, name=wish.name)

    @slot()
    def begin(self) -> None:
        """Make the edit on all photos that do not have it yet."""
        series = self._series
        if series is None:
            self.dialog.state.setText("There are no photos yet; add some.")
            return
        self._told.clear()
        self.dialog.sheet_button.setEnabled(False)
        for line in self.dialog.lines:
            line.say("")
        self.run.begin(
            series.way.entry, lambda engine, report: tell_series(series, engine, Session.save, report, engine.cancel)
        )

    def _show(self, told: Told) -> None:
        self._told[str(told.photo)] = told
        line = next(line for line in self.dialog.lines if line.entry.key == str(told.photo))
        made = [f"{frame.version}: {frame.prompt}{'' if frame.new else ' (was there)'}" for frame in told.frames]
        line.say(" ".join([*made, *([] if told.error is None else [str(told.error)])]))
        self.dialog.sheet_button.setEnabled(any(each.frames for each in self._told.values()))

    def _conclusion(self) -> str:
        match sum(told.error is not None for told in self._told.values()):
            case 0:
                return ALL_DONE
            case 1:
                return "All is done but one photo; what is wrong is said below it."
            case failed:
                return f"All is done but {failed} photos; what is wrong is said below them."

    @slot()
    def _show_forecast(self) -> None:
        series = self._series
        seconds = None if series is None else takes(series, self._editor.preparing.plan.estimates)
        known = "How long it takes is not known yet." if seconds is None else f"Takes {duration(seconds)} at most."
        self.dialog.forecast.setText("" if series is None else known)

    @slot()
    def _save_sheet(self) -> None:
        told = list(self._told.values())
        if told:
            self.run.save_sheet(lambda: told, 1, [each.photo for each in told])

    def _give_up(self) -> None:
        self.run.cancel()
