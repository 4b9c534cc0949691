"""Several pictures of one edit are rendered one after the other, and told of as long as they are wanted."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError, RecipeError
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.session import Session
from nti_desktop.editing.tries import LOTS, STRENGTHS, Audience, TriesPlan, drawn_by_lot, tries_of
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.image_prompt import image_prompt
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import MOST_SEEDS, EditRecipe, Lot
from tests.editing.answering import Worker
from tests.editing.idle_engine import IdleEngine, answer_to
from tests.editing.test_journalling import AtOnce
from tests.sessions import BLUE, SOURCE, inverted, with_a_version


class Sheet:
    """A plan on an engine, and all that was told of."""

    def __init__(self, document: Document, worker: Worker | None = None) -> None:
        found = tries_of(document, screen=None)
        assert found is not None
        self.tries, self.engine = found, IdleEngine()
        self.tried: list[EditRecipe] = []
        self.failed: list[tuple[EditRecipe, NtiError]] = []
        audience = Audience[Raster](
            lambda _recipe: None,
            lambda recipe, _picture: self.tried.append(recipe),
            lambda recipe, error: self.failed.append((recipe, error)),
        )
        self.plan = TriesPlan[Raster](self.engine, worker or AtOnce(), lambda raster, _screen: raster, audience)

    def answer(self) -> None:
        """Render what was asked for last."""
        self.plan.rendered(self.engine.asked[-1], answer_to(self.engine.asked[-1]))


def fail_to_draw(_raster: Raster, _screen: bytes | None) -> Raster:
    raise NtiError("There is too little memory for this; close other programs first.")


@pytest.fixture
def document(photo: Path) -> Document:
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    assert document.edit_text == BLUE.prompt
    return document


def test_each_is_rendered_once_the_one_before_is_and_told_of_in_order(document: Document) -> None:
    sheet = Sheet(document)
    assert not sheet.plan.at_work
    sheet.plan.begin(sheet.tries)
    for number in range(len(sheet.tries.recipes)):
        assert sheet.plan.at_work
        assert len(sheet.engine.asked) == number + 1
        sheet.answer()
    assert not sheet.plan.at_work
    assert tuple(sheet.tried) == sheet.tries.recipes
    assert [sheet.tries.title(each) for each in sheet.tried][:2] == ["Strength 40 %", "Strength 60 %"]
    assert {each.strength for each in sheet.tried} == {*STRENGTHS, 1.0}


def test_one_that_fails_costs_itself_only(document: Document) -> None:
    sheet = Sheet(document)
    sheet.plan.begin(sheet.tries)
    sheet.plan.failed(Ticket(sheet.engine.asked[0].job), EngineError("Another’s."))
    assert not sheet.failed
    sheet.plan.failed(sheet.engine.asked[0], EngineError("No."))
    sheet.answer()
    assert [recipe for recipe, _ in sheet.failed] == [sheet.tries.recipes[0]]
    assert sheet.tried == [sheet.tries.recipes[1]]


def test_cancelled_all_that_were_not_tried_are_told_and_late_answers_are_not_heard(document: Document) -> None:
    sheet = Sheet(document)
    sheet.plan.begin(sheet.tries)
    sheet.answer()
    sheet.plan.cancel()
    assert sheet.engine.withdrawn == [sheet.engine.asked[-1]]
    assert tuple(recipe for recipe, _ in sheet.failed) == sheet.tries.recipes[1:]
    assert all(isinstance(error, Cancelled) for _, error in sheet.failed)
    sheet.answer()
    assert len(sheet.tried) == 1
    assert not sheet.plan.at_work


@pytest.mark.parametrize("drawn", [True, False])
def test_a_picture_that_is_drawn_too_late_is_not_told_of(document: Document, drawn: bool) -> None:
    worker = Worker(random.Random(0))
    sheet = Sheet(document, worker)
    if not drawn:
        sheet.plan._draw = fail_to_draw
    sheet.plan.begin(sheet.tries)
    sheet.answer()
    worker.step()
    sheet.plan.cancel()
    told = len(sheet.failed)
    worker.deliver()
    assert (len(sheet.tried), len(sheet.failed)) == (0, told)
    sheet.plan.begin(sheet.tries)
    sheet.answer()
    worker.step()
    worker.deliver()
    assert (len(sheet.tried), len(sheet.failed) - told) == ((1, 0) if drawn else (0, 1))


def test_an_edit_that_asks_for_nothing_has_no_tries(document: Document) -> None:
    document.say_in_words(SOURCE)
    assert tries_of(document, screen=None) is None


@pytest.fixture
def by_lot(photo: Path) -> Document:
    """An edit by a method that draws by lot, with the last seed but one."""
    session = Session.open(photo)
    record = session.keep_inversion(built_in(), "0" * 64, inverted(session, method=Method.RESAMPLE))
    session.add_version("Lot", replace(BLUE, lot=Lot.SEED, seed=MOST_SEEDS - 2), inversion_id=record.id)
    return Document(session, STUDIO_DEFAULTS)


def test_what_is_drawn_by_lot_is_tried_with_the_next_seeds(by_lot: Document) -> None:
    assert drawn_by_lot(by_lot)
    sheet = Sheet(by_lot)
    assert [each.seed for each in sheet.tries.recipes] == [MOST_SEEDS - 2, MOST_SEEDS - 1, *range(LOTS - 2)]
    assert len({replace(each, seed=0) for each in sheet.tries.recipes}) == 1
    assert [sheet.tries.title(each) for each in sheet.tries.recipes[1:3]] == [f"Lot {MOST_SEEDS}", "Lot 1"]
    by_lot.describe("a dog")
    assert not drawn_by_lot(by_lot), "it is not prepared so"
    assert tries_of(by_lot, screen=None) is None


def test_each_is_told_when_it_begins_and_strangers_are_not_heard(document: Document) -> None:
    sheet = Sheet(document)
    sheet.plan.begin(sheet.tries)
    (ticket,) = sheet.engine.asked
    stranger = Ticket(ticket.job)
    assert sheet.plan.ordered(ticket)
    assert not sheet.plan.ordered(stranger)
    sheet.plan.rendered(stranger, answer_to(stranger))
    assert sheet.tried == []
    assert len(sheet.engine.asked) == 1


def test_tries_that_cannot_be_asked_for_are_each_told_of(document: Document) -> None:
    sheet = Sheet(document)
    unread = image_prompt(b"\xff\xd8\xff", "an adapter that the model was not given")
    recipes = tuple(replace(each, image_prompt=unread) for each in sheet.tries.recipes[:2])
    sheet.plan.begin(replace(sheet.tries, recipes=recipes))
    assert [recipe for recipe, _ in sheet.failed] == list(recipes)
    assert all(isinstance(error, RecipeError) for _, error in sheet.failed)
    assert not sheet.plan.at_work
    assert sheet.engine.asked == []
