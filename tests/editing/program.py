"""All that works on open photos, without a window: whatever a user and a busy computer may do, by a seeded lot."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.edits import with_number
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.export_queue import Audience as ExportAudience
from nti_desktop.editing.export_queue import ExportQueue, ExportTask, Parts
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.final_renders import FinalRenders
from nti_desktop.editing.history import EditState
from nti_desktop.editing.pictures import Audience as PicturesAudience
from nti_desktop.editing.pictures import Pictures
from nti_desktop.editing.preparation import Audience as PreparationAudience
from nti_desktop.editing.preparation import Preparation, PreparationPlan
from nti_desktop.editing.render_plan import Audience, Composed, RenderPlan
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.editing.save_queue import Audience as SaveAudience
from nti_desktop.editing.save_queue import SaveQueue, SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import SELF, STRENGTH
from tests.editing.answering import (
    SESSIONS,
    Drawing,
    Engine,
    Fair,
    Laid,
    Picture,
    Worker,
    laid,
    meant,
)
from tests.sessions import SOURCE, inverted

CORNER = Area(0, 0, 48, 48)
WORDS = ["a blue ball on a table", "a green ball on a table", "a red ball on a lawn", SOURCE]
PACES = [0.0001, 0.01, 10.0]  # seconds a row: at once, after a preview, by hand


@dataclass
class Program:
    """All that works on open photos, without a window."""

    chance: random.Random
    documents: list[Document]
    written: list[tuple[ExportTask, Laid]] = field(default_factory=list)
    asked_to_prepare: list[tuple[Document, dict[Area, str]]] = field(default_factory=list)
    prepared: int = 0
    seconds: float = 0.0
    there: bool = True
    pace: float = PACES[0]

    def __post_init__(self) -> None:
        self.engine, self.worker, self.drawing = Engine(self.chance), Worker(self.chance), Drawing(self.chance)
        nothing = Audience[Picture](self._composed, lambda *_: None, self._stopped, self._sharpened)
        self.plan: RenderPlan[Picture] = RenderPlan(self.engine, self.worker, self.drawing, nothing)
        told = PicturesAudience[Picture](lambda: None, lambda _composed: None, lambda: None)
        self.pictures: Pictures[Picture] = Pictures(self.plan, self._estimates, lambda _records: self.there, told)
        finals = FinalRenders(self.engine, self.worker, self.plan.known)
        self.preparation = PreparationPlan(
            self.engine,
            PreparationAudience(lambda _measured: None, self._prepared, lambda _error: None, lambda *_timed: None),
        )
        self.engine.listeners, self.engine.preparation = [self.plan, finals, self.preparation], self.preparation
        audience = ExportAudience(lambda: None, lambda *_: None, lambda *_: None, lambda *_: None)
        self.exports = ExportQueue(self, finals, audience)
        self.saves = SaveQueue(
            self.worker,
            SaveAudience(lambda: None, lambda: None, lambda _arrival: None, lambda _session: None, lambda *_: None),
        )
        self.document = self.documents[0]
        self.open()

    def _estimates(self) -> Estimates:
        return Estimates(rendered=self.pace)

    def _composed(self, composed: Composed[Picture]) -> None:
        self.pictures.composed(composed)

    def _sharpened(self, small: Picture, full: Picture) -> None:
        self.pictures.sharpened(small, full)

    def _stopped(self) -> None:
        self.pictures.stop()

    # What the disk is given

    def look(
        self,
        task: ExportTask,
        _cancel: CancelToken,
        done: Callable[[Path | None], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        self.worker.submit(lambda: task.target, done, failed)

    def export(
        self,
        task: ExportTask,
        parts: Parts,
        _cancel: CancelToken,
        done: Callable[[Exported], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        def work() -> Exported:
            self.written.append((task, laid(parts)))
            return Exported(task.target, ())

        self.worker.submit(work, done, failed)

    def return_to(self, *_arguments: object) -> None:
        pytest.fail("nobody asked for that")

    # What a person does

    def open(self) -> None:
        """Go to the next photo."""
        self.preparation.begin_no_more()
        self.engine.cancel_all()
        self.documents.append(self.documents.pop(0))
        self.document = self.documents[0]
        session = self.document.session
        nobody = Wanted("", "", EditState(self.document.state.recipe, self.document.state.finish))  # type: ignore[union-attr]
        self.pictures.open(self.document, Picture(session, "", nobody, ()), {})
        self.preparation.open(self.document)
        self.pictures.show_stored()
        self.pictures.ask()

    def attempt(self, change: Callable[[Document], object]) -> None:
        """As the window does it: another version as it was last seen, another picture as soon as it is there."""
        document = self.document
        version, look = document.version_id, (document.state, document.beside)
        change(document)
        if document.version_id != version:
            self.pictures.show_stored()
        if (document.version_id, document.state, document.beside) != (version, *look):
            self.pictures.ask()

    def prepare(self) -> None:
        """It takes long enough to go elsewhere."""
        if not self.preparation.at_work:
            described = self.document.described_for("0" * 64)
            self.asked_to_prepare.append((self.document, described))
            self.preparation.invert(built_in(), Method.RESIDUAL, 5, described)

    def _prepared(self, made: Preparation) -> None:
        """As the window does it: it is kept with its own photo, whatever is open by now."""
        asked = [described for document, described in self.asked_to_prepare if document is made.document]
        assert any(
            all(described.get(each.area) == each.inverted.settings.prompt for each in made.prepared)
            for described in asked
        )
        made.document.prepared(made.entry, made.prepared)
        self.prepared += len(made.prepared)
        if made.document is self.document:
            self.pictures.show_stored()
            self.pictures.ask()

    def ask_for_an_export(self) -> None:
        document = self.document
        name = self.chance.randrange(10**9)
        task = ExportTask(document.session, document.wanted(), Path(f"{name}.png"), ExportRequest(), Provenance())
        self.exports.add(task)

    def cancel_an_export(self) -> None:
        if self.exports.waiting:
            self.exports.cancel(self.chance.choice(self.exports.waiting))

    def sharpen(self) -> None:
        last = self.plan.last
        if last is not None:
            self.drawing.last = lambda: last.picture
        self.plan.sharpen()

    def models_come_and_go(self) -> None:
        self.there = not self.there
        if self.there:
            self.pictures.ask()

    def do_something(self) -> None:
        """One of all these, and the engine and the worker move on."""
        chance, document = self.chance, self.document
        self.seconds += chance.random()
        versions = [version.id for version in document.session.project.versions]
        strength, held = chance.choice([0.0, 0.3, 1.0, 1.4]), chance.choice([0.2, 0.6])
        actions: list[tuple[int, Callable[[], object]]] = [
            (60, self.engine.step),
            (50, self.worker.step),
            (50, self.worker.deliver),
            (4, lambda: self.attempt(lambda d: d.edit("strength", lambda r: with_number(r, STRENGTH, strength)))),
            (3, lambda: self.attempt(lambda d: d.say_in_words(chance.choice(WORDS)))),
            (1, lambda: self.attempt(lambda d: d.edit("self", lambda r: with_number(r, SELF, held)))),
            (2, lambda: self.attempt(Document.undo)),
            (2, lambda: self.attempt(Document.redo)),
            (2, lambda: self.attempt(lambda d: d.go_to(chance.choice(versions)))),
            (1, lambda: self.attempt(Document.copy_version) if len(versions) < 6 else None),
            (1, lambda: self.attempt(Document.delete_version) if len(versions) > 1 else None),
            (2, lambda: self.pictures.ask(by_hand=True)),
            (1, lambda: self.attempt(lambda d: d.work_on(chance.choice(d.edited_areas)))),
            (1, self.engine.cancel_all),
            (2, self.ask_for_an_export),
            (1, self.cancel_an_export),
            (4, self.sharpen),
            (1 if len(versions) < 8 else 0, self.prepare),
            (1, lambda: self.preparation.measure(built_in())),
            (1 if self.there else 10, self.models_come_and_go),
            (2, lambda: self.saves.save(SaveRequest(chance.choice(self.documents).session))),
            (1, self.open),
            (1, lambda: setattr(self, "pace", chance.choice(PACES))),
        ]  # fmt: skip
        weights, choices = zip(*actions, strict=True)
        chance.choices(choices, weights)[0]()

    def settle(self) -> None:
        """Nobody does anything any more, and nothing fails: all that was asked for is answered."""
        self.there = True
        self.chance = self.engine._chance = self.drawing.chance = Fair()
        self._finish()  # perhaps with a preparation, of which the full render waits for its button
        self.pictures.ask(by_hand=True)
        self._finish()

    def _finish(self) -> None:
        while self.engine.step() or self.worker.waiting or self.worker.answers:
            self.worker.step()
            self.worker.deliver()

    def check(self) -> None:
        """Whatever is on screen is what it says."""
        pictures, session, document = self.pictures, self.document.session, self.document
        assert pictures.before is not None
        assert pictures.before.session is session
        shown = [*pictures.of_versions.items()]
        if pictures.after is not None:
            shown.append((document.version_id, pictures.after))
        for version, picture in shown:
            assert picture.session is session
            assert picture.version == version
            assert picture.laid == meant(picture.wanted, session)
        if pictures.final and not document.is_the_photo:
            wanted = document.wanted()
            assert wanted is not None
            assert pictures.after is not None
            assert pictures.after.laid == meant(wanted, session)
            assert pictures.badge == ""
        if document.is_the_photo and document.up_to_date:
            assert pictures.after is None or pictures.badge

    def check_written(self) -> None:
        """Whatever was exported is what was asked for, and every export that was not called off was."""
        for task, parts in self.written:
            assert parts == (() if task.wanted is None else meant(task.wanted, task.session))
        targets = [task.target for task, _ in self.written]
        assert len(set(targets)) == len(targets)


def document_of(path: Path, clock: Callable[[], float]) -> Document:
    session = SESSIONS[path] = Session.open(path)
    document = Document(session, STUDIO_DEFAULTS, clock)
    document.describe(SOURCE)
    document.say_in_words(WORDS[0])
    document.prepared(built_in(), [AreaInversion(document.whole, "0" * 64, inverted(session))])
    document.work_on(CORNER)
    document.describe(SOURCE)
    document.say_in_words(WORDS[1])
    document.prepared(built_in(), [AreaInversion(CORNER, "0" * 64, inverted(session, 1, area=CORNER))])
    return document
