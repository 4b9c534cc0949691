"""Final pictures, for whoever wants them: what is rendered already is taken, and the rest is asked for once."""

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError, NtiError, RecipeError
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_jobs import measure_job
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.final_renders import FinalRender, FinalRenders
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, ModelEntry, built_in
from nti_desktop.recipe.image_prompt import image_prompt
from nti_desktop.recipe.jobs import Rendered, RenderJob
from tests.editing.answering import Worker
from tests.editing.idle_engine import answer_to
from tests.editing.test_journalling import AtOnce
from tests.sessions import with_a_version


@dataclass
class Engine:
    """Keeps what it is asked for. withdrawn: in their order."""

    asked: list[Ticket] = field(default_factory=list)
    withdrawn: list[Ticket] = field(default_factory=list)

    def enqueue(self, job: RenderJob) -> Ticket:
        self.asked.append(Ticket(job))
        return self.asked[-1]

    def withdraw(self, ticket: Ticket) -> None:
        self.withdrawn.append(ticket)


@dataclass
class Customer:
    """Who wants a picture."""

    got: list[tuple[RenderedPart, ...]] = field(default_factory=list)
    heard: list[NtiError] = field(default_factory=list)

    def wants(self, session: Session, wanted: Wanted) -> FinalRender:
        return FinalRender(session, wanted, self.got.append, self.heard.append)


@pytest.fixture
def document(photo: Path) -> Document:
    return Document(with_a_version(photo), STUDIO_DEFAULTS)


def wanted_of(document: Document) -> Wanted:
    wanted = document.wanted()
    assert wanted is not None
    return wanted


def test_what_is_missing_is_rendered_and_handed_over_with_its_place(document: Document) -> None:
    engine, customer = Engine(), Customer()
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    final = customer.wants(document.session, wanted_of(document))
    finals.enqueue(final)
    (ticket,) = engine.asked
    assert finals.on_ticket(ticket) is final
    assert not customer.got
    finals.rendered(ticket, rendered := answer_to(ticket))
    ((part,),) = customer.got
    assert (part.rendered, part.inversion) == (rendered, wanted_of(document).inversion)
    assert engine.withdrawn == [], "it was its own"
    assert finals.on_ticket(ticket) is None


def test_what_is_there_already_is_handed_over_at_once(document: Document) -> None:
    engine, customer = Engine(), Customer()
    known: dict[Edit, Rendered] = {}
    finals = FinalRenders(engine, AtOnce(), lambda edits: {edit: known[edit] for edit in edits if edit in known})
    finals.enqueue(customer.wants(document.session, wanted_of(document)))
    known[Edit.of(engine.asked[0].job)] = answer_to(engine.asked[0])  # type: ignore[arg-type]
    finals.enqueue(customer.wants(document.session, wanted_of(document)))
    assert len(engine.asked) == 1
    assert len(customer.got) == 1


def test_what_somebody_else_asked_for_serves_and_the_own_job_is_withdrawn(document: Document) -> None:
    engine, first, second = Engine(), Customer(), Customer()
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    for customer in (first, second):
        finals.enqueue(customer.wants(document.session, wanted_of(document)))
    one, other = engine.asked
    finals.rendered(one, answer_to(one))
    assert len(first.got) == len(second.got) == 1
    assert engine.withdrawn == [other]


def test_a_fault_goes_to_whom_it_concerns_and_a_cancel_is_silent(document: Document) -> None:
    engine, first, second = Engine(), Customer(), Customer()
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    finals.enqueue(first.wants(document.session, wanted_of(document)))
    finals.enqueue(final := second.wants(document.session, wanted_of(document)))
    finals.cancel(final)
    assert engine.withdrawn == engine.asked[1:]
    finals.failed(engine.asked[1], NtiError("Stopped."))
    finals.failed(engine.asked[0], NtiError("There is too little memory."))
    assert [str(error) for error in first.heard] == ["There is too little memory."]
    assert (first.got, second.got, second.heard) == ([], [], [])


def test_a_model_that_is_not_known_yet_is_looked_for_first(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_a_version(photo)
    document, engine, customer = Document(Session.open(photo), STUDIO_DEFAULTS), Engine(), Customer()
    looked: list[str] = []
    monkeypatch.setattr(
        "nti_desktop.editing.final_renders.find_made_with",
        lambda _id, wanted, *_: looked.append(wanted) or built_in(),  # type: ignore[func-returns-value]
    )
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    for _ in range(2):
        finals.enqueue(customer.wants(document.session, wanted_of(document)))
    assert looked == [document.session.project.inversions[0].model_fingerprint], "once"
    assert len(engine.asked) == 2


def test_a_model_that_is_gone_is_a_fault_of_whoever_wants_its_picture(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_version(photo)
    document, engine, customer = Document(Session.open(photo), STUDIO_DEFAULTS), Engine(), Customer()

    def gone(*_: object) -> ModelEntry:
        raise ModelError("The model “mine” is not there; add it again.")

    monkeypatch.setattr("nti_desktop.editing.final_renders.find_made_with", gone)
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    finals.enqueue(customer.wants(document.session, wanted_of(document)))
    assert [str(error) for error in customer.heard] == ["The model “mine” is not there; add it again."]
    assert (engine.asked, engine.withdrawn, customer.got) == ([], [], [])


def test_what_cannot_be_asked_for_is_told_at_once(document: Document) -> None:
    engine, customer = Engine(), Customer()
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    wanted = wanted_of(document)
    unread = replace(wanted.state.recipe, image_prompt=image_prompt(b"\xff\xd8\xff", "an adapter"))
    finals.enqueue(customer.wants(document.session, replace(wanted, state=replace(wanted.state, recipe=unread))))
    assert [type(error) for error in customer.heard] == [RecipeError]
    assert engine.asked == []


def test_one_that_was_cancelled_while_its_model_was_looked_for_renders_nothing(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_version(photo)
    document, engine, customer = Document(Session.open(photo), STUDIO_DEFAULTS), Engine(), Customer()
    monkeypatch.setattr("nti_desktop.editing.final_renders.find_made_with", lambda *_: built_in())
    finals = FinalRenders(engine, worker := Worker(random.Random(0)), lambda _edits: {})
    finals.enqueue(final := customer.wants(document.session, wanted_of(document)))
    worker.step()
    finals.cancel(final)
    worker.deliver()
    assert (engine.asked, customer.got, customer.heard) == ([], [], [])
    finals.enqueue(customer.wants(document.session, wanted_of(document)))
    assert len(engine.asked) == 1, "it is known by now"


def test_an_answer_to_anything_but_a_render_is_nobodys(document: Document) -> None:
    engine, customer = Engine(), Customer()
    finals = FinalRenders(engine, AtOnce(), lambda _edits: {})
    finals.enqueue(customer.wants(document.session, wanted_of(document)))
    other = Ticket(measure_job(document.session, built_in()))
    finals.rendered(other, answer_to(engine.asked[0]))
    assert customer.got == []
    assert finals.on_ticket(other) is None
