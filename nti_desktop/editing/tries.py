"""Several pictures of one edit to choose from: drawn by other lots, or at other strengths."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.comparison import P
from nti_desktop.editing.comparison_plan import IdleEngine
from nti_desktop.editing.composition import raster_of
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Rendered
from nti_desktop.recipe.recipe import MOST_SEEDS, EditRecipe, asks_for_nothing

LOTS = 6
STRENGTHS = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5)


@dataclass(frozen=True, eq=False)
class Tries:
    """recipes: of one inversion, in the order they are shown; by_lot: whether they differ in their seed, else in their
    strength; steps: of the coarse pictures; screen: profile that pictures are made for, None for sRGB.
    """

    session: Session
    inversion: str
    recipes: tuple[EditRecipe, ...]
    by_lot: bool
    steps: int
    screen: bytes | None

    def title(self, recipe: EditRecipe) -> str:
        """Name a recipe by what tells it from the others: its seed, or its strength."""
        if self.by_lot:
            return f"Lot {recipe.seed + 1}"
        return f"Strength {recipe.strength:.0%}".replace("%", " %")


def drawn_by_lot(document: Document) -> bool:
    """Tell whether another seed would make another edit; False while there is none that is up to date."""
    state = document.state
    lot = None if state is None or not document.up_to_date else document.row.lot_of(state.recipe)
    return lot is not None and lot.drawn


def tries_of(document: Document, screen: bytes | None) -> Tries | None:
    """Tries of the edit as it stands, which is one of them; None where there is nothing to try. screen: see Tries."""
    state, inversion = document.state, document.inversion
    if state is None or inversion is None or not document.up_to_date:
        return None
    recipe = state.recipe
    if asks_for_nothing(replace(recipe, strength=1.0), document.source.strip()):
        return None
    by_lot = drawn_by_lot(document)
    if by_lot:
        recipes = [replace(recipe, seed=(recipe.seed + further) % MOST_SEEDS) for further in range(LOTS)]
    else:
        strengths = sorted({*STRENGTHS, recipe.strength} - {0.0})
        recipes = [replace(recipe, strength=strength) for strength in strengths]
    steps = document.basis.defaults.preview_steps
    return Tries(document.session, inversion.id, tuple(recipes), by_lot, steps, screen)


@dataclass(frozen=True, eq=False)
class Audience(Generic[P]):
    """Who hears of it, in the order of the recipes. failed: Cancelled too."""

    began: Callable[[EditRecipe], None]
    tried: Callable[[EditRecipe, P], None]
    failed: Callable[[EditRecipe, NtiError], None]


class TriesPlan(Generic[P]):
    """One set of tries at a time, each rendered when the engine has nothing else to do."""

    title = "Showing tries"

    def __init__(
        self, engine: IdleEngine, worker: Worker, draw: Callable[[Raster, bytes | None], P], audience: Audience[P]
    ) -> None:
        """draw: a picture for a screen, on the worker's side."""
        self._engine, self._worker, self._draw, self._audience = engine, worker, draw, audience
        self._tries: Tries | None = None
        self._waiting: list[EditRecipe] = []
        self._ticket: Ticket | None = None

    @property
    def at_work(self) -> bool:
        """Whether there are tries that are not rendered yet."""
        return self._ticket is not None

    def ordered(self, ticket: Ticket) -> bool:
        """Tell whether a job of the engine is done for the tries."""
        return ticket is self._ticket

    def begin(self, tries: Tries) -> None:
        """Render all of them; those before are cancelled."""
        self.cancel()
        self._tries, self._waiting = tries, list(tries.recipes)
        self._go_on()

    def cancel(self) -> None:
        """Render no more; what is there stays."""
        ticket, self._ticket = self._ticket, None
        waiting, self._waiting = self._waiting, []
        if ticket is not None:
            self._engine.withdraw(ticket)
            for recipe in waiting:
                self._audience.failed(recipe, Cancelled("Not tried, as it was stopped."))
        self._tries = None

    def _go_on(self) -> None:
        self._ticket = None
        tries = self._tries
        if tries is None or not self._waiting:
            return
        recipe = self._waiting[0]
        self._audience.began(recipe)
        try:
            self._ticket = self._engine.enqueue_idle(render_job(tries.session, recipe, tries.inversion, tries.steps))
        except NtiError as error:
            self._fail(error)

    def _fail(self, error: NtiError) -> None:
        recipe = self._waiting.pop(0)
        self._audience.failed(recipe, error)
        self._go_on()

    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """The engine has rendered an edit, perhaps for this."""
        tries = self._tries
        if tries is None or ticket is not self._ticket:
            return
        recipe, frame = self._waiting.pop(0), tries.session.frame(tries.inversion)

        def task() -> P:
            return self._draw(raster_of(frame.upright(rendered.image)), tries.screen)

        def done(picture: P) -> None:
            if self._tries is tries:
                self._audience.tried(recipe, picture)

        def failed(error: NtiError) -> None:
            if self._tries is tries:
                self._audience.failed(recipe, error)

        self._worker.submit(task, done, failed)
        self._go_on()

    def failed(self, ticket: Ticket, error: NtiError) -> None:
        """The engine gave up a job, or was told to."""
        if self._tries is not None and ticket is self._ticket:
            self._fail(error)
