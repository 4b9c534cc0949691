"""Comparing ways: ask for the comparison, show what becomes of it, keep the way that is chosen."""

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import Progress
from nti_desktop.core.units import duration, in_decibels, unpinned
from nti_desktop.editing.comparison import Comparison, Tried, comparison_of
from nti_desktop.editing.comparison_plan import Audience, ComparisonPlan
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.preparation import Preparation
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.dialog_controller import DialogController
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.comparison_dialog import ComparisonDialog, Way, Wording
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.widgets.work_strip import in_words
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import Inversion, Rendered
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.settings import InversionSettings

WORDING = Wording(
    title="Compare ways",
    use="Use this way",
    tip="Keep the photo prepared this way, with this edit as a version of its own.",
    now="The way it is now",
)


class Comparing(DialogController):
    """Compares the ways to make the open edit. Nothing of it is kept unless it is chosen."""

    def __init__(
        self, editor: Editor, engine: EngineThread, background: Background, line: PromptLine, window: QWidget
    ) -> None:
        """line: where the edit is typed."""
        self.dialog = ComparisonDialog(WORDING, window)
        super().__init__(self.dialog, window)
        self._editor, self._line = editor, line
        self._tried: dict[Method, Tried[Picture]] = {}
        audience: Audience[Picture] = Audience(self._began, self._moved, self._show, self._failed)
        self.plan: ComparisonPlan[Picture] = ComparisonPlan(engine, background, make_picture, audience)
        self.dialog.use_asked.connect(self.use)
        editor.opened.connect(self.stop)
        engine.progressed.connect(self._progressed)
        engine.inverted.connect(self._inverted)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._engine_failed)

    @property
    def possible(self) -> bool:
        """Whether there is an edit that can be made in several ways, one of which may be kept."""
        return self._comparison is not None

    @property
    def _comparison(self) -> Comparison | None:
        editor = self._editor
        if editor.document is None:
            return None
        screen = editor.rendering.screen
        return comparison_of(
            editor.document, editor.model.entry, editor.model.way, editor.preparing.plan.estimates, screen
        )

    @command("Compare wa&ys…", Menu.EDIT)
    @slot()
    def compare_ways(self) -> None:
        """Make this edit by every method, side by side, and keep the one that is best."""
        self._line.settle()
        comparison = self._comparison
        if comparison is None:
            return
        self.plan.cancel()
        self._tried.clear()
        ways = []
        for way in comparison.ways:
            row, seconds = METHODS[way.method], comparison.takes(way)
            takes = "How long it takes is not known yet." if seconds is None else f"Takes {duration(seconds)}."
            ways.append(Way(way.method, row.title, row.sentence, takes))
        self.dialog.ask(comparison.ways[0].prompt, comparison.state.recipe.prompt, ways)
        self.plan.begin(comparison)

    @slot(str)
    def use(self, method: str) -> None:
        """Keep what was prepared this way, with the edit as it was tried, as a version of its own."""
        tried = self._tried[Method(method)]
        self.dialog.accept()
        if tried.prepared is not None:
            asked = tried.comparison
            made = Preparation(asked.document, asked.start, asked.entry, (tried.prepared,))
            self._editor.keep_prepared(made)

    def _give_up(self) -> None:
        self.plan.cancel()
        self._tried.clear()

    def _began(self, way: InversionSettings) -> None:
        self.dialog.show_begun(way.method)

    def _moved(self, way: InversionSettings, progress: Progress) -> None:
        text = in_words(replace(progress, seconds_left=None))  # of a phase, where the whole way is told of already
        self.dialog.show_progress(way.method, progress, text)

    def _show(self, tried: Tried[Picture]) -> None:
        self._tried[tried.way.method] = tried
        self.dialog.show_tried(tried.way.method, tried.picture, _figures(tried), tried.prepared is not None)

    def _failed(self, way: InversionSettings, error: NtiError) -> None:
        self.dialog.show_error(way.method, str(error))

    @slot(Ticket, Progress)
    def _progressed(self, ticket: Ticket, progress: Progress) -> None:
        self.plan.progressed(ticket, progress)

    @slot(Ticket, Inversion, str)
    def _inverted(self, ticket: Ticket, inverted: Inversion, fingerprint: str) -> None:
        self.plan.inverted(ticket, inverted, fingerprint)

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self.plan.rendered(ticket, rendered)

    @slot(Ticket, NtiError)
    def _engine_failed(self, ticket: Ticket, error: NtiError) -> None:
        self.plan.failed(ticket, error)


def _figures(tried: Tried[Picture]) -> str:
    preparing, rendering = tried.preparing, tried.rendering
    return (
        f"Prepared in {preparing.seconds:.1f} s with {preparing.unet_rows} UNet rows, {tried.way.steps} steps; edited "
        f"in {rendering.seconds:.1f} s with {rendering.unet_rows} rows. Left alone, the photo comes back at "
        f"{in_decibels(tried.likeness)}{unpinned(preparing.reconstruction_psnr)}."
    )
