"""Answers of the engine that come late, out of order or for something that is gone."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.history import EditState
from nti_desktop.editing.render_plan import Audience, Composed, RenderPlan
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.recipe.jobs import RenderJob
from nti_desktop.recipe.recipe import EditRecipe
from tests.editing.answering import Worker
from tests.editing.idle_engine import IdleEngine, answer_to
from tests.sessions import BLUE, GREEN, invert, with_a_version


class Renderer(IdleEngine):
    """Takes renders."""

    def render(self, job: RenderJob) -> Ticket:
        return self.enqueue_idle(job)


class Drawing:
    """Pictures are the sentences that they show."""

    def compose(self, _composition: Composition, wanted: Wanted, parts: tuple[RenderedPart, ...]) -> Composed[str]:
        return Composed(wanted, parts[-1].rendered, parts, wanted.state.recipe.prompt, None, b"preview")

    def sharpen(self, _composition: Composition, parts: tuple[RenderedPart, ...]) -> str:
        return f"{parts[-1].rendered.recipe.prompt}, sharp"


class Plan:
    """A plan, what it asks for, and what it told."""

    def __init__(self, session: Session) -> None:
        self.session, self.engine, self.worker = session, Renderer(), Worker(random.Random(0))
        self.shown: list[str] = []
        self.failed: list[NtiError] = []
        self.stopped = 0
        audience = Audience[str](
            lambda composed: self.shown.append(composed.picture),
            lambda _wanted, error: self.failed.append(error),
            self._stop,
            lambda _before, after: self.shown.append(after),
        )
        self.plan = RenderPlan[str](self.engine, self.worker, Drawing(), audience)
        self.plan.open(session)

    def _stop(self) -> None:
        self.stopped += 1

    def ask(self, recipe: EditRecipe, inversion: str | None = None, steps: int | None = None) -> Wanted:
        found = self.session.require_inversion(inversion)
        wanted = Wanted(self.session.project.current or "", found.id, EditState(recipe, Finish()), steps)
        self.plan.ask(wanted)
        return wanted

    def answer(self, number: int = -1) -> None:
        self.plan.rendered(self.engine.asked[number], answer_to(self.engine.asked[number]))

    def work(self) -> None:
        while self.worker.waiting or self.worker.answers:
            self.worker.step()
            self.worker.deliver()


@pytest.fixture
def session(photo: Path) -> Session:
    return with_a_version(photo)


@pytest.fixture
def plan(session: Session) -> Plan:
    return Plan(session)


def test_what_was_rendered_of_an_inversion_that_is_gone_is_not_kept(plan: Plan) -> None:
    session = plan.session
    gone = invert(session, seed=3)
    plan.ask(BLUE, gone)
    late = plan.engine.asked[-1]
    rest = tuple(record for record in session.project.inversions if record.id != gone)
    session.working_copy.change(inversions=rest)
    plan.plan.forget()
    plan.plan.rendered(late, answer_to(late))
    plan.work()
    assert plan.plan.renders == 0
    assert not plan.plan.known([Edit(gone, BLUE, None)])
    assert not plan.shown


def test_a_render_of_before_is_kept_and_the_newest_is_shown(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.ask(GREEN)
    plan.answer(1)
    plan.answer(0)
    plan.work()
    assert plan.shown == [GREEN.prompt]
    plan.ask(BLUE)
    plan.work()
    assert plan.shown == [GREEN.prompt, BLUE.prompt]
    assert len(plan.engine.asked) == 2


def test_a_ticket_from_before_the_newest_answer_fails_unheard(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.ask(GREEN)
    plan.answer(1)
    plan.plan.failed(plan.engine.asked[0], EngineError("It did not work; try again."))
    assert not plan.failed
    plan.ask(BLUE)
    plan.plan.failed(plan.engine.asked[2], EngineError("It did not work; try again."))
    assert len(plan.failed) == 1


def test_a_render_that_the_user_cancelled_is_told_of_once_and_only_if_it_is_missed(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.plan.failed(plan.engine.asked[0], Cancelled("Stopped."))
    assert plan.stopped == 1
    plan.ask(BLUE)
    plan.ask(GREEN)
    plan.plan.failed(plan.engine.asked[1], Cancelled("Stopped."))  # for which another was asked
    assert plan.stopped == 1
    assert not plan.failed


def test_the_preview_of_an_edit_never_takes_the_place_of_its_final_picture(plan: Plan) -> None:
    preview = plan.ask(BLUE, steps=2)
    plan.plan.ask(replace(preview, steps=None))
    plan.answer(1)
    plan.answer(0)
    plan.work()
    assert plan.shown == [BLUE.prompt]
    assert plan.plan.last is not None
    assert plan.plan.last.wanted.final


def test_a_picture_is_sharpened_once_and_only_if_it_is_final_and_still_shown(plan: Plan) -> None:
    preview = plan.ask(BLUE, steps=2)
    plan.answer()
    plan.work()
    plan.plan.sharpen()
    plan.work()
    assert plan.shown == [BLUE.prompt]
    plan.plan.ask(replace(preview, steps=None))
    plan.answer()
    plan.work()
    plan.plan.sharpen()
    plan.plan.sharpen()
    plan.work()
    assert plan.shown == [BLUE.prompt] * 2 + [f"{BLUE.prompt}, sharp"]
    plan.plan.sharpen()
    plan.ask(GREEN)
    plan.answer()
    plan.work()
    assert plan.shown[3:] == [GREEN.prompt]


def test_answers_for_another_photo_are_dropped(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.plan.open(None)
    plan.answer()
    plan.plan.failed(plan.engine.asked[0], EngineError("It did not work; try again."))
    plan.work()
    assert not plan.shown
    assert not plan.failed
    assert plan.plan.renders == 0
