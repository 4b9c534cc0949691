"""A story on the open photo: sentences, one frame after the other, each a version."""

from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.core.units import duration
from nti_desktop.editing.changes import Change
from nti_desktop.editing.composition import Composition
from nti_desktop.editing.document import Document
from nti_desktop.editing.history import EditState
from nti_desktop.editing.previews import SIDE, encode_preview
from nti_desktop.editing.series import Frame, Told, draw_edits, edits_of, made_before, sentences, small
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.dialog_controller import DialogController
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.series_run import SeriesRun
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.editor.series_dialog import Entry, SeriesDialog, Wording
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.raster import Raster
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.settings import EditDefaults

WORDING = Wording(
    title="Series",
    heading="Say in a sentence what each picture shows. What is not said stays as it was said last: things, ground, "
    "light and weather; another light brings fair weather. Each picture becomes a version.",
    line="Sentence",
    add="&Add a sentence",
)


class Story(DialogController):
    """Draws each frame of a story, and adds it to the versions; the one that is shown stays."""

    def __init__(
        self, editor: Editor, engine: EngineThread, background: Background, line: PromptLine, window: QWidget
    ) -> None:
        """line: where the edit is typed."""
        self.dialog = SeriesDialog(WORDING, window)
        super().__init__(self.dialog, window)
        self._editor, self._line = editor, line
        self.run: SeriesRun[tuple[EditState, bytes]] = SeriesRun(self.dialog, engine, background, self._show)
        self._edits: tuple[EditState, ...] = ()
        self._pictures: dict[int, Raster] = {}  # by the place in the story
        self._composition: Composition | None = None
        self._record: InversionRecord | None = None  # that the pictures are drawn on
        self._document: Document | None = None
        self.dialog.changed.connect(self._show_forecast)
        self.dialog.add_button.clicked.connect(self._add)
        self.dialog.start_button.clicked.connect(self.begin)
        self.dialog.stop_button.clicked.connect(self.run.cancel)
        self.dialog.sheet_button.clicked.connect(self._save_sheet)
        editor.opened.connect(self.stop)

    @command("Ser&ies…", Menu.EDIT)
    @slot()
    def tell_story(self) -> None:
        """Tell a story on this photo: a sentence for each picture, one after the other."""
        self._line.settle()
        document = self._editor.document
        if document is None:
            return
        self.run.cancel()
        self._document = document
        first = "" if document.asks_for_nothing_here else document.edit_text
        self.dialog.ask([Entry("", text=first), Entry("")])

    @slot()
    def begin(self) -> None:
        """Draw what is not a version yet."""
        document = self._document
        if document is None:
            return
        record, session = document.inversion, document.session
        if record is None or not document.up_to_date:
            self.dialog.state.setText("The photo is not prepared as it is described now; prepare it, then begin.")
            return
        try:
            wishes = sentences([entry.text for entry in self.dialog.entries if entry.text])
            source = document.source.strip()
            self._edits = edits_of(wishes, source, source, document.basis, EditDefaults(), story=True)
        except NtiError as error:
            self.dialog.state.setText(str(error))
            return
        self.dialog.show_entries([entry for entry in self.dialog.entries if entry.text])
        self._pictures, self._composition, self._record = {}, session.composition, record
        missing = []
        for number, state in enumerate(self._edits):
            known = made_before(session, record, state)
            pixels = None if known is None else session.working_copy.preview(known.id)
            if known is None or pixels is None:
                missing.append(state)
            else:
                self._told(number, known.name, Raster(pixels))
        aside, entry = session.aside(), self._editor.model.entry
        self.run.begin(entry, lambda engine, report: draw_edits(aside, record, missing, engine, report, engine.cancel))

    def _show(self, made: tuple[EditState, bytes]) -> None:
        document, record, (state, preview) = self._document, self._record, made
        assert document is not None
        assert record is not None
        number = next(n for n, each in enumerate(self._edits) if each == state and n not in self._pictures)
        added = document.add_aside(record.id, state, preview)
        self._editor.tell(Change.EDIT | Change.VERSIONS)
        self._told(number, added.name, small(preview))

    def _told(self, number: int, version: str, picture: Raster) -> None:
        self._pictures[number] = picture
        self.dialog.lines[number].say(f"{version}: {self._edits[number].recipe.prompt}")
        self.dialog.sheet_button.setEnabled(True)

    @slot()
    def _add(self) -> None:
        entries = self.dialog.entries
        self.dialog.show_entries([*entries, Entry("")], len(entries))

    @slot()
    def _show_forecast(self) -> None:
        document, count = self._document, sum(bool(entry.text) for entry in self.dialog.entries)
        if document is None or document.inversion is None:
            return
        settings = document.inversion.settings
        estimates = self._editor.preparing.plan.estimates
        one = estimates.rendering(settings.method, settings.steps, guidance=settings.guidance_scale)
        known = f"Takes {duration(count * one)}." if one is not None else "How long it takes is not known yet."
        self.dialog.forecast.setText(known if count else "")

    @slot()
    def _save_sheet(self) -> None:
        document, composition, record = self._document, self._composition, self._record
        if document is None or composition is None or record is None:
            return
        photo, description = document.session.photo.path, record.settings.prompt
        frames = tuple(
            Frame(self._edits[number].recipe.prompt, "", picture, new=True)
            for number, picture in sorted(self._pictures.items())
        )

        def told() -> list[Told]:
            before = small(encode_preview(composition.compose((), SIDE)))
            return [Told(photo, description, before, frames)]

        self.run.save_sheet(told, len(frames), [photo])

    def _give_up(self) -> None:
        self.run.cancel()
        self._document = self._composition = self._record = None
        self._edits, self._pictures = (), {}
