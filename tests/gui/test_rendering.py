"""Which picture is on screen when answers arrive early, late or in another order than they were asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import EngineError, NtiError
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.history import EditState
from nti_desktop.editing.render_plan import Audience, Composed
from nti_desktop.editing.render_requests import Beside, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.controllers.rendering import Rendering
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.recipe import EditRecipe
from tests.editing.conftest import photo as photo  # a small one
from tests.gui.gated import PLENTY, GatedBench, running
from tests.sessions import SOURCE, invert, inverted

A, B, C = (EditState(EditRecipe(SOURCE.replace("red", colour)), Finish()) for colour in ("blue", "green", "white"))
PREVIEW = 2  # steps


class Screen:
    """What was shown, and said, one after the other."""

    def __init__(self) -> None:
        self.shown: list[Wanted] = []
        self.errors: list[str] = []
        self.stops = 0
        self.audience: Audience[Picture] = Audience(
            self.composed, self.failed, self.stopped, lambda _small, _full: None
        )

    def composed(self, composed: Composed) -> None:
        self.shown.append(composed.wanted)

    def failed(self, _wanted: Wanted, error: NtiError) -> None:
        self.errors.append(str(error))

    def stopped(self) -> None:
        self.stops += 1

    @property
    def pictures(self) -> list[tuple[EditState, bool]]:
        """The state each picture was of, and whether it was final."""
        return [(wanted.state, wanted.final) for wanted in self.shown]


@dataclass
class Stage:
    """A rendering with all that it needs; what it renders takes until it is let go."""

    session: Session
    inversion: str
    service: GatedBench
    engine: EngineThread
    background: Background
    rendering: Rendering
    screen: Screen
    wait: Callable[[Callable[[], bool]], None] = field(repr=False)

    def ask(self, state: EditState, steps: int | None = None, version: str = "one", beside: Beside = ()) -> Wanted:
        wanted = Wanted(version, self.inversion, state, steps, beside)
        self.rendering.plan.ask(wanted)
        return wanted

    def begun(self, renders: int) -> None:
        """Wait until so many were begun."""
        self.wait(lambda: len(self.service.begun) == renders)

    def settle(self, renders: int) -> None:
        """Wait until so many renders have arrived and what came of them was composed."""
        self.wait(lambda: self.rendering.plan.renders == renders and not self.background.busy)


@pytest.fixture
def stage(photo: Path, qtbot: QtBot) -> Iterator[Stage]:
    session = Session.open(photo)
    service = GatedBench()
    engine, background = EngineThread(lambda: service), Background()
    screen = Screen()
    rendering = Rendering(engine, background, screen.audience, engine)
    rendering.plan.open(session)
    with running(engine, background, service, qtbot):
        yield Stage(session, invert(session), service, engine, background, rendering, screen, qtbot.waitUntil)


def test_an_older_preview_never_replaces_a_newer_picture(stage: Stage) -> None:
    stage.service.deaf = True
    stage.service.let_go()
    stage.ask(A)
    stage.wait(lambda: stage.screen.pictures == [(A, True)])

    stage.ask(B, PREVIEW)
    stage.begun(2)
    stage.ask(A, PREVIEW)  # undone: the final picture is known, and there at once
    stage.wait(lambda: stage.screen.pictures == [(A, True), (A, True)])
    stage.service.let_go()
    stage.settle(2)
    assert stage.screen.pictures == [(A, True), (A, True)]
    last = stage.rendering.plan.last
    assert last is not None
    assert last.wanted.state == A


@pytest.mark.parametrize("deaf", [False, True])
def test_an_older_final_picture_never_replaces_a_newer_preview(deaf: bool, stage: Stage) -> None:
    stage.service.deaf = deaf
    stage.ask(A)
    stage.begun(1)
    stage.ask(B, PREVIEW)
    stage.service.let_go(2)
    stage.wait(lambda: bool(stage.screen.shown) and stage.screen.shown[-1].state == B)
    stage.wait(lambda: not stage.background.busy)
    assert stage.screen.pictures[-1] == (B, False)


def test_a_final_picture_that_came_another_way_takes_the_place_of_the_preview_under_way(stage: Stage) -> None:
    stage.engine.enqueue(render_job(stage.session, A.recipe, stage.inversion))
    stage.begun(1)
    stage.ask(A, PREVIEW)
    stage.service.let_go()
    stage.settle(1)
    assert stage.screen.pictures == [(A, True)]
    stage.engine.enqueue(render_job(stage.session, B.recipe, stage.inversion))
    stage.service.let_go(2)
    stage.settle(2)
    assert [edit.steps for edit in stage.service.done] == [None, None]  # the preview was withdrawn
    assert stage.screen.pictures == [(A, True)]


@pytest.mark.parametrize(
    ("answer", "shown", "follows"),
    [
        (("older", A, PREVIEW), ("newer", B, PREVIEW), False),
        (("older", A, PREVIEW), ("newer", B, None), False),
        (("older", A, None), ("newer", B, PREVIEW), False),
        (("older", A, None), ("newer", A, PREVIEW), False),
        (("newer", A, PREVIEW), ("older", B, PREVIEW), True),
        (("newer", A, PREVIEW), ("older", B, None), True),
        (("newer", A, PREVIEW), ("older", A, None), False),  # it would look worse
        (("newer", A, None), ("older", A, None), True),
        (("same", A, PREVIEW), ("same", A, None), False),
        (("same", A, None), ("same", A, PREVIEW), True),
    ],
)
def test_what_may_follow_what(
    answer: tuple[str, EditState, int | None], shown: tuple[str, EditState, int | None], follows: bool
) -> None:
    numbers = {"older": 1, "same": 2, "newer": 3}
    (age, state, steps), (other_age, other, other_steps) = answer, shown
    wanted = Wanted("one", "inversion", state, steps, number=numbers[age])
    assert wanted.may_follow(Wanted("one", "inversion", other, other_steps, number=numbers[other_age])) is follows


def test_a_picture_of_other_areas_too_is_another_picture() -> None:
    alone = Wanted("one", "inversion", A, number=1)
    assert Wanted("one", "inversion", A, PREVIEW, (("corner", C),), number=2).may_follow(alone)
    assert Wanted("two", "inversion", A, PREVIEW, number=2).may_follow(alone)


def test_while_a_slider_is_dragged_pictures_a_little_behind_are_shown_in_their_order(stage: Stage) -> None:
    first = stage.ask(A, PREVIEW)
    stage.begun(1)
    stage.ask(B, PREVIEW)
    last = stage.ask(C, PREVIEW)
    stage.service.let_go()
    stage.wait(lambda: stage.screen.shown == [first])
    stage.service.let_go()
    stage.settle(2)
    assert stage.screen.shown == [first, last]


def test_what_an_older_wish_rendered_serves_the_newest(stage: Stage) -> None:
    stage.ask(A, PREVIEW)
    stage.begun(1)
    stage.ask(B, PREVIEW)
    newest = stage.ask(A, PREVIEW)
    stage.service.let_go()
    stage.wait(lambda: bool(stage.screen.shown) and stage.screen.shown[-1].number == newest.number)


def test_a_changed_finish_waits_for_the_same_render(stage: Stage) -> None:
    stage.ask(A, PREVIEW)
    stage.begun(1)
    softer = EditState(A.recipe, Finish(feather=0.1))
    newest = stage.ask(softer, PREVIEW)
    stage.service.let_go()
    stage.settle(1)
    assert stage.screen.shown[-1] == newest
    assert len(stage.service.begun) == 1


def test_a_changed_finish_of_a_final_picture_is_composed_without_rendering(stage: Stage) -> None:
    stage.service.let_go()
    stage.ask(A)
    stage.settle(1)
    for feather in (0.05, 0.1, 0.15):
        stage.ask(EditState(A.recipe, Finish(feather=feather)), PREVIEW)
    stage.settle(1)
    assert stage.screen.pictures[-1] == (EditState(A.recipe, Finish(feather=0.15)), True)
    assert len(stage.service.begun) == 1


def test_the_whole_edit_stays_known_however_often_its_strength_is_moved(stage: Stage) -> None:
    stage.service.let_go(PLENTY)
    stage.ask(A)
    stage.settle(1)
    for hundredths in range(1, 30):
        part = EditState(replace(A.recipe, strength=hundredths / 100), Finish())
        assert stage.rendering.plan.knows_whole(Wanted("one", stage.inversion, part))
        stage.ask(part)
        stage.settle(1 + hundredths)
    assert [edit.recipe.strength for edit in stage.service.begun].count(1.0) == 1


def test_what_was_asked_for_before_everything_was_forgotten_is_not_shown(stage: Stage) -> None:
    stage.ask(A, PREVIEW)
    stage.begun(1)
    stage.rendering.plan.forget()  # nothing is asked for: the photo is shown
    stage.service.let_go()
    stage.settle(1)
    assert stage.screen.shown == []
    assert stage.rendering.plan.last is None


def test_another_versions_picture_is_not_shown_but_kept_for_when_it_is_asked_for_again(stage: Stage) -> None:
    stage.ask(A, version="one")
    stage.begun(1)
    stage.rendering.plan.forget()
    other = stage.ask(B, version="two")
    stage.service.let_go(2)
    stage.wait(lambda: bool(stage.screen.shown) and stage.screen.shown[-1] == other)
    stage.wait(lambda: not stage.background.busy)
    assert stage.screen.shown == [other]

    stage.rendering.plan.forget()
    stage.service.let_go()
    again = stage.ask(A, version="one")
    stage.wait(lambda: stage.screen.shown == [other, again])


def test_the_edits_of_other_areas_belong_to_the_wish(stage: Stage) -> None:
    corner = stage.session.keep_inversion(
        built_in(), fingerprint(built_in()), inverted(stage.session), Area(0, 0, 48, 32)
    ).id
    stage.service.let_go(2)
    both = stage.ask(A, beside=((corner, C),))
    stage.wait(lambda: stage.screen.shown == [both])

    stage.service.deaf = True
    stage.ask(B, PREVIEW, beside=((corner, C),))
    stage.begun(3)
    alone = stage.ask(A)  # the other area was left out
    stage.service.let_go()
    stage.settle(3)
    assert stage.screen.shown == [both, alone]
    last = stage.rendering.plan.last
    assert last is not None
    assert [part.inversion for part in last.parts] == [stage.inversion]


def test_an_answer_for_another_photo_is_dropped(stage: Stage, tmp_path: Path, photo: Path) -> None:
    stage.ask(A)
    stage.begun(1)
    copy = tmp_path / "other.png"
    copy.write_bytes(photo.read_bytes())
    stage.rendering.plan.open(Session.open(copy))
    stage.service.let_go()
    stage.wait(lambda: stage.service.done == stage.service.begun)
    stage.engine.enqueue(render_job(stage.session, B.recipe, stage.inversion))
    stage.service.let_go()
    stage.begun(2)
    assert stage.rendering.plan.renders == 0
    assert stage.screen.shown == []


def test_a_cancelled_render_is_told_once_and_asked_for_again_it_runs(stage: Stage) -> None:
    stage.ask(A)
    stage.begun(1)
    stage.engine.cancel_all()
    stage.service.let_go()
    stage.wait(lambda: stage.screen.stops == 1)
    stage.service.let_go()
    again = stage.ask(A)
    stage.wait(lambda: stage.screen.shown == [again])
    assert (stage.screen.stops, stage.screen.errors) == (1, [])


def test_cancelling_what_nobody_waits_for_any_more_is_not_told(stage: Stage) -> None:
    stage.service.let_go()
    stage.ask(A)
    stage.settle(1)
    stage.ask(B)
    stage.begun(2)
    stage.ask(A)  # undone: it is there
    stage.engine.cancel_all()
    stage.service.let_go(2)
    stage.ask(C)
    stage.wait(lambda: stage.screen.shown[-1].state == C)
    assert stage.screen.stops == 0


def test_a_render_that_fails_says_so_and_the_next_is_shown(stage: Stage) -> None:
    stage.service.fault = EngineError("The device went away.")
    stage.service.let_go()
    stage.ask(A)
    stage.wait(lambda: stage.screen.errors == ["The device went away."])
    stage.service.fault = None
    stage.service.let_go()
    again = stage.ask(A)
    stage.wait(lambda: stage.screen.shown == [again])
