"""What the engine does next, what gives way to what, and what is to be answered because it will not be done."""

from pathlib import Path
from typing import Any

import pytest

from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.engine_queue import EngineQueue, PrepareJob, Ticket
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.jobs import LookJob, MeasureJob, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import BLUE, SOURCE, with_a_version


@pytest.fixture
def session(photo: Path) -> Session:
    return with_a_version(photo)


@pytest.fixture
def measure(session: Session) -> MeasureJob:
    return measure_job(session, built_in())


@pytest.fixture
def prepare(session: Session) -> PrepareJob:
    return PrepareJob(built_in(), invert_job(session, built_in(), InversionSettings(SOURCE, Method.RESIDUAL)))


@pytest.fixture
def full(session: Session) -> RenderJob:
    return render_job(session, BLUE)


@pytest.fixture
def preview(session: Session) -> RenderJob:
    return render_job(session, BLUE, steps=2)


@pytest.fixture
def look(measure: MeasureJob) -> LookJob:
    return LookJob(measure.model, measure.image, LookQuestion())


def drain(queue: EngineQueue) -> list[Ticket]:
    """All that runs from now on, in its order."""
    found = []
    while (ticket := queue.next()) is not None:
        assert queue.running is ticket
        found.append(ticket)
        queue.running = None
    return found


def test_what_somebody_waits_for_comes_first(
    measure: MeasureJob, prepare: PrepareJob, full: RenderJob, look: LookJob
) -> None:
    queue = EngineQueue()
    idle = [queue.enqueue_idle(full), queue.enqueue_idle(prepare)]
    preparing, _ = queue.prepare(prepare)
    looking, _ = queue.read_look(look)
    measuring = queue.measure(measure)
    queued = [queue.enqueue(full), queue.enqueue(full)]
    render = queue.render(full)
    assert queue.left == [*queued, *idle]
    assert drain(queue) == [render, *queued, measuring, looking, preparing, *idle]
    assert queue.left == []
    assert queue.next() is None


def test_of_what_is_asked_again_the_latest_is_done_and_the_one_before_is_answered_where_that_is_missed(
    measure: MeasureJob, prepare: PrepareJob, full: RenderJob, look: LookJob
) -> None:
    queue = EngineQueue()
    queue.measure(measure)
    queue.render(full)
    first, nothing = queue.prepare(prepare)
    assert nothing is None
    latest, replaced = queue.prepare(prepare)
    assert replaced is first
    looked, nothing = queue.read_look(look)
    assert nothing is None
    looking, replaced = queue.read_look(look)
    assert replaced is looked
    measuring, render = queue.measure(measure), queue.render(full)
    assert drain(queue) == [render, measuring, looking, latest]
    assert not any(ticket.cancel.cancelled for ticket in (first, looked, latest, looking))


@pytest.mark.parametrize("queued", [False, True])
def test_a_newer_wish_cancels_what_runs_of_its_kind_unless_that_was_to_be_done_in_any_case(
    queued: bool, prepare: PrepareJob, full: RenderJob, preview: RenderJob, look: LookJob, measure: MeasureJob
) -> None:
    def cancelled(running: Any, ask: Any) -> bool:
        queue = EngineQueue()
        queue.running = Ticket(running, queued=queued)
        ask(queue)
        return queue.running.cancel.cancelled

    assert cancelled(full, lambda queue: queue.render(full)) is not queued
    assert cancelled(prepare, lambda queue: queue.prepare(prepare)) is not queued
    assert cancelled(look, lambda queue: queue.read_look(look))
    assert not cancelled(preview, lambda queue: queue.render(full)), "it is done in a moment"
    assert not cancelled(measure, lambda queue: queue.render(full))
    assert not cancelled(prepare, lambda queue: queue.render(full))
    assert not cancelled(full, lambda queue: queue.prepare(prepare))
    assert not cancelled(full, lambda queue: queue.read_look(look))


def test_what_is_withdrawn_is_not_done_and_is_answered_where_it_waited(full: RenderJob, prepare: PrepareJob) -> None:
    queue = EngineQueue()
    render = queue.render(full)
    queued = [queue.enqueue(full), queue.enqueue(full)]
    idle = [queue.enqueue_idle(prepare), queue.enqueue_idle(full)]
    for ticket in (render, queued[0], idle[1]):
        assert queue.withdraw(ticket)
        assert ticket.cancel.cancelled
        assert not queue.withdraw(ticket)
    assert drain(queue) == [queued[1], idle[0]]
    queue.running = queued[1]
    assert not queue.withdraw(queued[1])
    assert queued[1].cancel.cancelled


def test_cancelling_everything_leaves_what_is_to_be_done_in_any_case(
    measure: MeasureJob, prepare: PrepareJob, full: RenderJob, look: LookJob
) -> None:
    queue = EngineQueue()
    queue.running = Ticket(full)
    waiting = [queue.render(full), queue.measure(measure), queue.read_look(look)[0], queue.prepare(prepare)[0]]
    queued, idle = queue.enqueue(full), queue.enqueue_idle(full)
    assert queue.cancel_all() == waiting
    assert queue.running.cancel.cancelled
    assert queue.left == [queued, idle, queue.running]
    queue.running = queued
    assert queue.cancel_all() == []
    assert not queued.cancel.cancelled
    assert drain(queue)[-1] is idle
