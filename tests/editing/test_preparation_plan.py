"""Preparing the open photo: one area after the other, and what comes of it comes home together."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.preparation import Audience, Preparation, PreparationPlan
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Measured, MeasureJob, Rendered, RenderJob
from nti_desktop.recipe.methods import Method
from tests.editing.answering import inversion_of
from tests.editing.idle_engine import answer_to
from tests.sessions import SOURCE, with_a_version

CORNER, OUTSIDE = Area(0, 0, 32, 32), Area(90, 60, 32, 32)
HERE = Measured(40.0, Speeds(Rates(0.1, 0.2, 0.2)), "here")
MARK = "0" * 64


@dataclass
class House:
    """A plan on an engine that a test answers, and all that was told."""

    document: Document
    asked: list[Ticket] = field(default_factory=list)
    prepared: list[Preparation] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    failed: list[NtiError] = field(default_factory=list)
    timed: list[Estimates] = field(default_factory=list)

    def __post_init__(self) -> None:
        audience = Audience(
            self.measured.append,
            self.prepared.append,
            self.failed.append,
            lambda _fingerprint, estimates: self.timed.append(estimates),
        )
        self.plan = PreparationPlan(self, audience)
        self.plan.open(self.document)

    def measure(self, job: MeasureJob) -> Ticket:
        self.asked.append(Ticket(job))
        return self.asked[-1]

    def prepare(self, job: PrepareJob) -> Ticket:
        self.asked.append(Ticket(job))
        return self.asked[-1]

    def answer(self) -> None:
        """Invert what was asked for last."""
        job = self.asked[-1].job
        assert isinstance(job, PrepareJob)
        self.plan.inverted(self.asked[-1], inversion_of(job.invert), MARK)

    def invert(self, *areas: Area, method: Method = Method.RESIDUAL) -> None:
        self.plan.invert(built_in(), method, 5, {area: f" {SOURCE} {n} " for n, area in enumerate(areas)})


@pytest.fixture
def house(photo: Path) -> House:
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    document.describe(SOURCE)
    return House(document)


def test_areas_are_prepared_one_after_the_other_and_come_home_together(house: House) -> None:
    assert house.plan.possible
    house.invert(house.document.whole, CORNER)
    assert (house.plan.at_work, house.plan.busy, house.plan.possible) == (True, True, False)
    assert len(house.asked) == 1
    house.answer()
    assert house.prepared == []
    assert len(house.asked) == 2
    house.answer()
    (made,) = house.prepared
    assert made.document is house.document
    assert [each.area for each in made.prepared] == [house.document.whole, CORNER]
    assert [each.inverted.settings.prompt for each in made.prepared] == [f"{SOURCE} 0", f"{SOURCE} 1"]
    assert (house.plan.at_work, house.plan.busy, house.plan.possible) == (False, False, True)


def test_what_comes_home_tells_how_the_photo_stood_when_it_was_asked_for(house: House) -> None:
    asked = house.document.starting_point
    house.invert(house.document.whole, CORNER)
    house.document.say_in_words("a golden ball on a table")
    house.answer()
    house.answer()
    assert house.prepared[0].start == asked
    assert house.document.starting_point != asked


def test_a_method_that_needs_no_description_is_given_none(house: House) -> None:
    house.invert(house.document.whole, method=Method.INSTRUCT)
    job = house.asked[-1].job
    assert isinstance(job, PrepareJob)
    assert job.invert.settings.prompt == ""


def test_an_area_that_leaves_the_photo_is_told_of_and_nothing_begins(house: House) -> None:
    house.invert(house.document.whole, OUTSIDE)
    assert len(house.failed) == 1
    assert house.asked == []
    assert not house.plan.busy
    house.document.area = OUTSIDE
    house.plan.measure(built_in())
    assert len(house.failed) == 2
    assert not house.plan.measuring
    assert house.plan.looked_at, "it is not tried again"


def test_what_was_prepared_before_a_failure_comes_home(house: House) -> None:
    house.invert(house.document.whole, CORNER)
    house.answer()
    house.plan.failed(house.asked[-1], EngineError("It did not work; try again."))
    (made,) = house.prepared
    assert [each.area for each in made.prepared] == [house.document.whole]
    assert len(house.failed) == 1
    assert not house.plan.busy
    house.invert(CORNER)
    house.plan.failed(house.asked[-1], Cancelled("Stopped."))
    assert len(house.prepared) == 1
    assert len(house.failed) == 2


def test_a_photo_that_was_left_begins_no_further_area_and_is_not_the_open_ones_work(house: House, photo: Path) -> None:
    house.invert(house.document.whole, CORNER)
    left = house.document
    house.plan.begin_no_more()
    house.plan.open(Document(Session.open(photo), STUDIO_DEFAULTS))
    assert (house.plan.at_work, house.plan.busy) == (False, True)
    house.answer()
    assert len(house.asked) == 1
    (made,) = house.prepared
    assert made.document is left
    assert house.timed == [], "it was not measured"


def test_only_answers_to_its_own_jobs_are_heard(house: House) -> None:
    house.plan.measure(built_in())
    house.invert(house.document.whole)
    for ticket in [*house.asked]:
        stranger = Ticket(ticket.job)
        house.plan.failed(stranger, EngineError("Another’s."))
        house.plan.measured(stranger, HERE)
        if isinstance(ticket.job, PrepareJob):
            house.plan.inverted(stranger, inversion_of(ticket.job.invert), MARK)
    assert (house.measured, house.prepared, house.failed) == ([], [], [])
    assert house.plan.measuring
    assert house.plan.busy


def test_what_is_measured_tells_how_long_preparing_takes_and_preparing_tells_it_better(house: House) -> None:
    assert not house.plan.looked_at
    house.plan.measure(built_in())
    assert (house.plan.looked_at, house.plan.measuring) == (True, True)
    house.plan.measured(house.asked[-1], HERE)
    assert house.measured == [HERE]
    assert not house.plan.measuring
    expected = house.plan.estimates.preparing(Method.RESIDUAL, 5)
    assert expected is not None
    house.invert(house.document.whole)
    house.answer()
    assert house.plan.estimates.preparing(Method.RESIDUAL, 5) == pytest.approx(1.0)
    assert house.timed == [house.plan.estimates]
    house.plan.measure(built_in())
    house.plan.failed(house.asked[-1], EngineError("It did not work; try again."))
    assert not house.plan.measuring
    assert house.plan.estimates == Estimates()
    house.plan.open(house.document)
    assert not house.plan.looked_at


def test_a_render_of_what_is_worked_on_tells_how_long_the_next_takes(house: House) -> None:
    inversion = house.document.session.project.inversions[0]
    settings = inversion.settings.settings()
    job = RenderJob(
        built_in().files, inversion.id, settings, {}, house.document.session.project.versions[0].recipe.recipe()
    )
    rendered: Rendered = answer_to(Ticket(job))
    house.plan.rendered(Ticket(replace(job, inversion_id="another")), rendered)
    assert house.plan.estimates.rendering(Method.RESIDUAL, 5) is None
    house.plan.rendered(Ticket(job), rendered)
    assert house.plan.estimates.rendering(Method.RESIDUAL, 5) is not None
