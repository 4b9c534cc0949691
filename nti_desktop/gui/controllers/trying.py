"""Tries of the open edit, from the plan to the window, and the one that is chosen back to the edit."""

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.tries import Audience, Tries, TriesPlan, tries_of
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.dialog_controller import DialogController
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.comparison_dialog import ComparisonDialog, Way, Wording
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Rendered
from nti_desktop.recipe.recipe import EditRecipe

WORDING = Wording(
    title="Tries",
    use="Use this one",
    tip="Take this one for the edit; undo brings back the one before.",
    now="The one it is now",
    columns=3,
)


class Trying(DialogController):
    """Shows tries of the open edit side by side. Nothing changes unless one is chosen."""

    def __init__(
        self, editor: Editor, engine: EngineThread, background: Background, line: PromptLine, window: QWidget
    ) -> None:
        """line: where the edit is typed."""
        self.dialog = ComparisonDialog(WORDING, window)
        super().__init__(self.dialog, window)
        self._editor, self._line = editor, line
        self._tries: Tries | None = None
        self._tried: tuple[str, Area] | None = None  # the version, by its id, and its area that they are of
        audience: Audience[Picture] = Audience(self._began, self._show, self._failed)
        self.plan: TriesPlan[Picture] = TriesPlan(engine, background, make_picture, audience)
        self.dialog.use_asked.connect(self.use)
        editor.opened.connect(self.stop)
        editor.changed.connect(self._changed)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._engine_failed)

    @property
    def _now(self) -> Tries | None:
        document = self._editor.document
        return None if document is None else tries_of(document, self._editor.rendering.screen)

    @property
    def _edited(self) -> tuple[str, Area] | None:
        document = self._editor.document
        return None if document is None else (document.version_id, document.area)

    @slot()
    def _changed(self) -> None:
        """They are chosen for the version and the area that they are of."""
        if self._tries is not None and self._edited != self._tried:
            self.stop()

    @command("Sho&w tries…", Menu.EDIT, "Ctrl+Shift+T")
    @slot()
    def show_tries(self) -> None:
        """Draw the edit by several lots, or at several strengths, side by side, and take the one that is best."""
        self._line.settle()
        tries, document = self._now, self._editor.document
        if tries is None or document is None or document.state is None:
            return
        self.plan.cancel()
        self._tries, self._tried = tries, self._edited
        ways = [Way(str(number), tries.title(recipe)) for number, recipe in enumerate(tries.recipes)]
        self.dialog.ask(document.source.strip(), document.state.recipe.prompt, ways)
        self.plan.begin(tries)

    def _key(self, recipe: EditRecipe) -> str:
        assert self._tries is not None
        return str(self._tries.recipes.index(recipe))

    def _began(self, recipe: EditRecipe) -> None:
        self.dialog.show_begun(self._key(recipe))

    def _show(self, recipe: EditRecipe, picture: Picture) -> None:
        state = self._editor.document.state if self._editor.document else None
        self.dialog.show_tried(self._key(recipe), picture, "", new=state is None or state.recipe != recipe)

    def _failed(self, recipe: EditRecipe, error: NtiError) -> None:
        self.dialog.show_error(self._key(recipe), str(error))

    @slot(str)
    def use(self, key: str) -> None:
        """Take its lot or its strength for the edit as it stands by now."""
        tries = self._tries
        assert tries is not None
        chosen = tries.recipes[int(key)]
        self.dialog.accept()
        if tries.by_lot:
            self._editor.edit("try", lambda recipe: replace(recipe, seed=chosen.seed))
        else:
            self._editor.edit("try", lambda recipe: replace(recipe, strength=chosen.strength))

    def _give_up(self) -> None:
        self.plan.cancel()
        self._tries = None

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self.plan.rendered(ticket, rendered)

    @slot(Ticket, NtiError)
    def _engine_failed(self, ticket: Ticket, error: NtiError) -> None:
        self.plan.failed(ticket, error)
