"""Answers of the engine that come late, out of order or for something that is gone."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError, RecipeError
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.history import EditState
from nti_desktop.editing.render_plan import Audience, Composed, RenderPlan
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.recipe.image_prompt import image_prompt
from nti_desktop.recipe.jobs import RenderJob
from nti_desktop.recipe.outlines import rectangle
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


def test_what_cannot_be_asked_for_is_told_of_with_its_wish(plan: Plan) -> None:
    plan.ask(replace(BLUE, image_prompt=image_prompt(b"\xff\xd8\xff", "an adapter")))
    assert [type(error) for error in plan.failed] == [RecipeError]
    assert plan.engine.asked == []
    assert plan.plan.last is None


def test_what_is_on_its_way_is_not_asked_for_again_unless_it_was_cancelled(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.ask(BLUE)
    assert len(plan.engine.asked) == 1
    plan.engine.asked[0].cancel.cancel()
    plan.ask(BLUE)
    assert len(plan.engine.asked) == 2


def test_a_picture_at_full_size_that_cannot_be_drawn_is_told_of(plan: Plan) -> None:
    plan.ask(BLUE)
    plan.answer()
    plan.work()

    def fail(*_: object) -> str:
        raise NtiError("There is too little memory for this; close other programs first.")

    plan.plan._drawing.sharpen = fail  # type: ignore[method-assign]
    plan.plan.sharpen()
    plan.work()
    assert len(plan.failed) == 1
    assert plan.shown == [BLUE.prompt]


def test_a_picture_of_a_photo_that_was_left_fails_unheard(plan: Plan) -> None:
    def fail(*_: object) -> Composed[str]:
        raise NtiError("There is too little memory for this; close other programs first.")

    plan.ask(BLUE)
    plan.answer()
    plan.work()
    plan.plan._drawing.compose = fail  # type: ignore[method-assign]
    plan.plan._drawing.sharpen = fail  # type: ignore[method-assign,assignment]
    plan.plan.sharpen()
    plan.ask(GREEN)
    plan.answer()
    plan.plan.open(None)
    plan.work()
    assert not plan.failed
    plan.plan.open(plan.session)
    plan.ask(BLUE)
    plan.answer()
    plan.work()
    assert len(plan.failed) == 1


def test_less_of_an_edit_that_is_rendered_is_known_to_take_no_time(plan: Plan) -> None:
    whole = plan.ask(BLUE)
    less = replace(whole, state=replace(whole.state, recipe=replace(BLUE, strength=0.4)))
    assert not plan.plan.knows_whole(None)
    assert not plan.plan.knows_whole(less)
    plan.answer()
    plan.work()
    assert plan.plan.knows_whole(less)
    assert not plan.plan.knows_whole(replace(less, state=replace(less.state, recipe=replace(GREEN, strength=0.4))))
    marked = replace(less, state=replace(less.state, recipe=replace(BLUE, within=(rectangle(0, 0, 0.5, 0.5),))))
    assert plan.plan.knows_whole(marked), "marks only say what of it is shown"
    plan.plan.open(None)
    assert not plan.plan.knows_whole(less)


def test_a_render_that_somebody_else_asked_for_serves_and_the_own_one_is_withdrawn(plan: Plan) -> None:
    plan.ask(BLUE)
    (own,) = plan.engine.asked
    plan.plan.rendered(Ticket(own.job), answer_to(own))
    plan.work()
    assert plan.engine.withdrawn == [own]
    assert plan.shown == [BLUE.prompt]
    assert plan.plan.renders == 1


def test_a_picture_of_many_areas_is_shown_and_one_more_edit_of_it_takes_one_render(plan: Plan) -> None:
    others = tuple((invert(plan.session, seed=number), EditState(BLUE, Finish())) for number in range(14))
    shown = plan.session.project.versions[0]
    for recipe, renders in ((BLUE, 15), (GREEN, 16)):
        plan.plan.ask(Wanted(shown.id, shown.inversion, EditState(recipe, Finish()), None, others))
        for number in range(len(plan.engine.asked) - 1, renders):
            plan.answer(number)
        plan.work()
        assert plan.shown[-1] == recipe.prompt
        assert len(plan.engine.asked) == renders


def test_only_so_many_renders_are_kept_and_those_used_last_stay(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nti_desktop.editing.render_plan._KEPT", 2)
    inversion = plan.session.require_inversion(None).id
    for recipe in (BLUE, GREEN):
        plan.ask(recipe)
        plan.answer()
        plan.work()
    plan.ask(BLUE)
    plan.work()
    plan.ask(replace(GREEN, prompt="a white ball on a table"))
    plan.answer()
    plan.work()
    assert plan.plan.known([Edit(inversion, recipe, None) for recipe in (BLUE, GREEN)]).keys() == {
        Edit(inversion, BLUE, None)
    }
