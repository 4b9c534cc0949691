"""An edit is made by one way after the other, aside, and each way is answered once."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError, PhotoError, RecipeError
from nti_desktop.core.progress import Progress
from nti_desktop.editing.comparison import Comparison, Tried, comparison_of
from nti_desktop.editing.comparison_plan import Audience, ComparisonPlan
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.estimates import Estimates
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.image_prompt import image_prompt
from nti_desktop.recipe.jobs import Measured, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.editing.answering import Worker
from tests.editing.idle_engine import FIGURES, IdleEngine, answer_to
from tests.sessions import SOURCE, inverted, with_a_version

HALF = Progress("following the photo", 1, 2)


class Bench:
    """A plan on an engine, and all that was told of, in its order."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.engine, self.worker = IdleEngine(), Worker(random.Random(0))
        self.began: list[InversionSettings] = []
        self.moved: list[tuple[InversionSettings, Progress]] = []
        self.tried: list[Tried[Raster]] = []
        self.failed: list[tuple[InversionSettings, NtiError]] = []
        self.on_failure: Callable[[], None] = lambda: None
        self.plan = ComparisonPlan[Raster](
            self.engine,
            self.worker,
            lambda raster, _screen: raster,
            Audience(self.began.append, lambda *move: self.moved.append(move), self.tried.append, self._failed),
        )

    def _failed(self, way: InversionSettings, error: NtiError) -> None:
        self.failed.append((way, error))
        self.on_failure()

    @property
    def ticket(self) -> Ticket:
        return self.engine.asked[-1]

    def prepare(self) -> None:
        """Answer a preparation."""
        job = self.ticket.job
        assert isinstance(job, PrepareJob)
        found = replace(inverted(self.comparison.document.session), settings=job.invert.settings)
        self.plan.inverted(self.ticket, found, fingerprint(built_in()))

    def render(self) -> None:
        self.plan.rendered(self.ticket, answer_to(self.ticket))

    def draw(self) -> None:
        self.worker.step()
        self.worker.deliver()


def compared(photo: Path, *methods: Method) -> Comparison:
    """By these ways alone."""
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    document.session.meet_model(fingerprint(built_in()), built_in())
    found = comparison_of(document, built_in(), (Method.RESIDUAL, STUDIO_DEFAULTS.steps), Estimates(), None)
    assert found is not None
    return replace(found, ways=tuple(way for way in found.ways if way.method in methods))


@pytest.fixture
def bench(photo: Path) -> Bench:
    """The version's own way, and another."""
    return Bench(compared(photo, Method.RESIDUAL, Method.PINNED))


def prompts(bench: Bench) -> list[str]:
    return [ticket.job.recipe.prompt for ticket in bench.engine.asked if isinstance(ticket.job, RenderJob)]


def test_each_way_is_rendered_alone_and_edited_and_its_own_preparation_is_not_made_again(bench: Bench) -> None:
    own, other = sorted(bench.comparison.ways, key=lambda way: not bench.comparison.is_own(way))
    bench.plan.begin(bench.comparison)
    for way in bench.comparison.ways:
        assert bench.plan.at_work
        assert bench.began[-1] == way
        if way == other:
            bench.prepare()
        bench.render()
        bench.render()
        assert not any(tried.way == way for tried in bench.tried)
        bench.draw()
    assert not bench.plan.at_work
    assert not bench.failed
    assert prompts(bench) == [SOURCE, bench.comparison.state.recipe.prompt] * 2
    found = {tried.way: tried for tried in bench.tried}
    assert found[own].prepared is None
    kept = found[other].prepared
    assert kept is not None
    assert (kept.area, kept.inverted.settings, kept.state) == (
        bench.comparison.start.area,
        other,
        bench.comparison.edit(other, kept.inverted.figures.explained),
    )
    assert found[other].preparing == kept.inverted.figures
    assert found[other].rendering == FIGURES


def test_nothing_of_it_is_in_the_project(bench: Bench) -> None:
    session = bench.comparison.document.session
    before = session.project
    bench.plan.begin(bench.comparison)
    while bench.plan.at_work:
        if isinstance(bench.ticket.job, PrepareJob):
            bench.prepare()
        bench.render()
        bench.render()
        bench.draw()
    assert len(bench.tried) == 2
    assert session.project == before
    assert not session.working_copy.dirty


def test_only_answers_to_its_own_jobs_are_heard(bench: Bench) -> None:
    bench.plan.begin(bench.comparison)
    ticket = bench.ticket
    stranger = Ticket(ticket.job)
    bench.plan.progressed(stranger, HALF)
    bench.plan.failed(stranger, EngineError("Another’s."))
    assert not bench.plan.ordered(stranger)
    assert bench.plan.ordered(ticket)
    bench.plan.progressed(ticket, HALF)
    assert bench.moved == [(bench.comparison.ways[0], HALF)]
    assert not bench.failed
    assert bench.ticket is ticket


def test_a_way_that_fails_costs_itself_only(bench: Bench) -> None:
    bench.plan.begin(bench.comparison)
    bench.plan.failed(bench.ticket, EngineError("No."))
    assert [way for way, _ in bench.failed] == [bench.comparison.ways[0]]
    assert bench.began == list(bench.comparison.ways)
    assert bench.plan.at_work
    bench.plan.failed(bench.ticket, EngineError("No."))
    assert [way for way, _ in bench.failed] == list(bench.comparison.ways)
    assert not bench.plan.at_work


def test_who_is_told_of_a_failure_may_stop_the_rest(bench: Bench) -> None:
    def stop() -> None:
        bench.on_failure = lambda: None
        bench.plan.cancel()

    bench.plan.begin(bench.comparison)
    bench.on_failure = stop
    bench.plan.failed(bench.ticket, EngineError("No."))
    assert not bench.plan.at_work
    assert len(bench.began) == 1
    assert isinstance(bench.failed[-1][1], Cancelled)


def test_cancelled_every_way_that_was_not_tried_is_told_and_its_job_withdrawn(bench: Bench) -> None:
    bench.plan.begin(bench.comparison)
    ticket = bench.ticket
    bench.plan.cancel()
    bench.plan.cancel()
    assert bench.engine.withdrawn == [ticket]
    assert [way for way, _ in bench.failed] == list(bench.comparison.ways)
    assert all(isinstance(error, Cancelled) for _, error in bench.failed)


@pytest.mark.parametrize("again", [False, True])
def test_a_picture_that_is_drawn_too_late_is_not_told_of(bench: Bench, again: bool) -> None:
    bench.plan.begin(bench.comparison)
    if isinstance(bench.ticket.job, PrepareJob):
        bench.prepare()
    bench.render()
    bench.render()
    bench.worker.step()
    bench.plan.cancel()
    if again:
        bench.plan.begin(bench.comparison)
    told = len(bench.failed)
    bench.worker.deliver()
    assert not bench.tried
    assert len(bench.failed) == told
    assert bench.plan.at_work is again


def test_a_picture_that_cannot_be_drawn_is_a_failure_of_its_way(photo: Path) -> None:
    bench = Bench(compared(photo, Method.RESIDUAL))

    def fail(_raster: Raster, _screen: bytes | None) -> Raster:
        raise NtiError("There is too little memory for this; close other programs first.")

    bench.plan._draw = fail
    bench.plan.begin(bench.comparison)
    bench.render()
    bench.render()
    bench.draw()
    assert [way.method for way, _ in bench.failed] == [Method.RESIDUAL]
    assert not bench.plan.at_work


def test_a_way_takes_its_preparing_and_two_renders_and_nothing_is_said_before_anything_was_measured(
    photo: Path,
) -> None:
    comparison = compared(photo, Method.RESIDUAL, Method.PINNED)
    own, other = sorted(comparison.ways, key=lambda way: not comparison.is_own(way))
    assert comparison.takes(own) is None
    speeds = Speeds(Rates(single=0.01, double=0.02, learned=0.05))
    known = replace(comparison, estimates=Estimates().with_measured(Measured(40.0, speeds, "here")))
    preparing = known.estimates.preparing(other.method, other.steps)
    renders = [known.estimates.rendering(way.method, way.steps) for way in (own, other)]
    assert preparing is not None
    assert known.takes(own) == 2 * renders[0] if renders[0] else pytest.fail("nothing is known")
    assert known.takes(other) == preparing + 2 * renders[1] if renders[1] else pytest.fail("nothing is known")


OUTSIDE = Area(90, 60, 32, 32)


def test_ways_that_cannot_be_asked_for_are_each_told_of(photo: Path) -> None:
    found = compared(photo, Method.PINNED, Method.NULL_TEXT)
    comparison = replace(found, start=replace(found.start, area=OUTSIDE))
    bench = Bench(comparison)
    bench.plan.begin(comparison)
    assert [way for way, _ in bench.failed] == list(comparison.ways)
    assert all(isinstance(error, PhotoError) for _, error in bench.failed)
    assert not bench.plan.at_work
    assert bench.engine.asked == []


def test_a_way_that_cannot_make_the_edit_is_told_of_after_it_was_prepared(photo: Path) -> None:
    comparison = compared(photo, Method.PINNED)
    bench = Bench(comparison)
    unread = replace(comparison.state.recipe, image_prompt=image_prompt(b"\xff\xd8\xff", "an adapter"))
    bench.comparison = replace(comparison, state=replace(comparison.state, recipe=unread))
    bench.plan.begin(bench.comparison)
    bench.prepare()
    assert bench.failed == []
    bench.render()
    assert [type(error) for _, error in bench.failed] == [RecipeError]
    assert not bench.plan.at_work


def test_answers_to_others_prepare_and_render_nothing(bench: Bench) -> None:
    bench.plan.begin(bench.comparison)
    while not isinstance(bench.ticket.job, PrepareJob):
        bench.render()
        bench.render()
    job = bench.ticket.job
    stranger = Ticket(job)
    found = replace(inverted(bench.comparison.document.session), settings=job.invert.settings)
    bench.plan.inverted(stranger, found, fingerprint(built_in()))
    assert isinstance(bench.ticket.job, PrepareJob)
    bench.prepare()
    assert isinstance(bench.ticket.job, RenderJob)
    asked = len(bench.engine.asked)
    bench.plan.rendered(Ticket(bench.ticket.job), answer_to(bench.ticket))
    assert len(bench.engine.asked) == asked
    bench.plan.cancel()
    bench.plan.inverted(Ticket(job), found, fingerprint(built_in()))
    bench.plan.rendered(bench.ticket, answer_to(bench.ticket))
    assert len(bench.engine.asked) == asked
