"""Which picture of the open photo is on screen, and which one is asked for."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nti_desktop.editing.document import Document
from nti_desktop.editing.estimates import QUICK_RENDER, SLOW_RENDER, Estimates
from nti_desktop.editing.pictures import AS_LAST_SEEN, KEPT, PREVIEW, Audience, Pictures
from nti_desktop.editing.render_plan import Audience as PlanAudience
from nti_desktop.editing.render_plan import RenderPlan
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.jobs import RenderJob
from tests.editing.answering import Worker
from tests.editing.idle_engine import answer_to
from tests.editing.test_render_plan import Drawing, Renderer
from tests.sessions import BLUE, GREEN, SOURCE, with_a_version

QUICK, USUAL, SLOW = QUICK_RENDER / 1000, QUICK_RENDER / 2, SLOW_RENDER  # seconds a row
PREVIEWED = STUDIO_DEFAULTS.preview_steps


@dataclass
class Screen:
    """The pictures of one photo, which are sentences. pace: seconds a row, None before anything was measured."""

    document: Document
    pace: float | None = QUICK
    there: bool = True
    pictured: int = 0
    finished: list[str] = field(default_factory=list)
    looked_for: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine, self.worker = Renderer(), Worker(random.Random(0))
        self.plan = RenderPlan[str](
            self.engine,
            self.worker,
            Drawing(),
            PlanAudience[str](
                lambda composed: self.pictures.composed(composed),
                lambda _wanted, error: pytest.fail(str(error)),
                lambda: self.pictures.stop(),
                lambda small, full: self.pictures.sharpened(small, full),
            ),
        )
        audience = Audience[str](self._pictured, lambda composed: self.finished.append(composed.picture), lambda: None)
        self.pictures = Pictures[str](self.plan, lambda: Estimates(rendered=self.pace), self._models_there, audience)
        self.pictures.open(self.document, "photo", {})

    def _pictured(self) -> None:
        self.pictured += 1

    def _models_there(self, records: Sequence[InversionRecord]) -> bool:
        self.looked_for.append(len(records))
        return self.there

    @property
    def asked(self) -> list[int | None]:
        """Steps of each render that was asked for."""
        return [ticket.job.steps for ticket in self.engine.asked if isinstance(ticket.job, RenderJob)]

    def answer(self) -> None:
        """Render what was asked for last, and draw it."""
        self.plan.rendered(self.engine.asked[-1], answer_to(self.engine.asked[-1]))
        self.work()

    def work(self) -> None:
        """Let the worker do all that waits."""
        while self.worker.waiting or self.worker.answers:
            self.worker.step()
            self.worker.deliver()


@pytest.fixture
def document(photo: Path) -> Document:
    return Document(with_a_version(photo), STUDIO_DEFAULTS)


def test_a_quick_edit_is_rendered_at_once_and_kept_as_its_preview(document: Document) -> None:
    screen = Screen(document)
    assert screen.pictures.takes == pytest.approx(QUICK * 10)  # two rows a step
    assert not screen.pictures.final
    screen.pictures.ask()
    assert screen.asked == [None]
    screen.answer()
    assert (screen.pictures.after, screen.pictures.badge, screen.pictures.final) == (BLUE.prompt, "", True)
    assert screen.finished == [BLUE.prompt]
    assert document.session.working_copy.preview_source(document.version_id).data == b"preview"
    assert screen.pictures.of_versions == {document.version_id: BLUE.prompt}


def test_a_usual_edit_is_previewed_and_its_full_picture_follows(document: Document) -> None:
    screen = Screen(document, pace=USUAL)
    screen.pictures.ask()
    assert screen.asked == [min(PREVIEWED, 5)]
    screen.answer()
    assert screen.asked[1:] == [None]
    assert screen.pictures.badge == PREVIEW
    assert not screen.pictures.final
    assert screen.finished == []
    screen.answer()
    assert screen.pictures.badge == ""
    assert screen.finished == [BLUE.prompt]


def test_a_slow_edit_waits_for_its_button_and_the_wish_holds_until_the_edit_changes(document: Document) -> None:
    screen = Screen(document, pace=SLOW)
    screen.pictures.ask()
    screen.answer()
    assert screen.pictures.by_hand
    assert screen.asked == [min(PREVIEWED, 5)]
    screen.pictures.ask(by_hand=True)
    assert screen.asked[1:] == [None]
    assert not screen.pictures.by_hand
    screen.answer()
    assert screen.pictures.final
    document.say_in_words(GREEN.prompt)
    screen.pictures.ask()
    assert screen.asked[2:] == [min(PREVIEWED, 5)]
    assert screen.pictures.by_hand


def test_there_is_something_to_render_while_the_photo_is_prepared_as_it_is_described(document: Document) -> None:
    screen = Screen(document)
    assert screen.pictures.can_render
    screen.pictures.stop()
    document.describe("a cup")
    assert not screen.pictures.can_render
    document.describe(SOURCE)
    assert screen.pictures.can_render
    screen.pictures.ask()
    screen.answer()
    assert not screen.pictures.can_render


def test_a_model_that_is_not_there_yet_is_waited_for_and_the_wish_is_remembered(document: Document) -> None:
    screen = Screen(document, pace=SLOW, there=False)
    screen.pictures.ask(by_hand=True)
    assert screen.looked_for == [1]
    assert screen.asked == []
    screen.there = True
    screen.pictures.ask()
    assert screen.asked == [None]


def test_what_was_stopped_waits_and_its_full_picture_does_not_follow(document: Document) -> None:
    screen = Screen(document, pace=USUAL)
    screen.pictures.ask()
    screen.pictures.stop()
    assert (screen.pictures.by_hand, screen.pictures.stopped) == (True, True)
    screen.answer()
    assert screen.asked == [min(PREVIEWED, 5)]
    assert screen.pictures.badge == PREVIEW
    screen.pictures.ask()
    assert not screen.pictures.stopped


def test_unchanged_words_are_the_photo_and_nothing_is_rendered(document: Document) -> None:
    screen = Screen(document)
    screen.pictures.ask()
    screen.answer()
    screen.pictures.stop()
    document.say_in_words(SOURCE)
    screen.pictures.ask(by_hand=True)
    assert screen.asked == [None]
    assert (screen.pictures.after, screen.pictures.badge, screen.pictures.final) == (None, "", True)
    assert (screen.pictures.by_hand, screen.pictures.stopped) == (False, False)
    assert screen.pictures.of_versions == {}
    assert not screen.pictures.lacks_stored


def test_a_photo_that_is_not_prepared_asks_for_nothing(document: Document) -> None:
    screen = Screen(document)
    document.describe("a dog")
    screen.pictures.ask(by_hand=True)
    assert screen.asked == []
    assert screen.looked_for == []


def test_the_stored_picture_of_a_version_is_shown_until_there_is_a_newer_one(document: Document) -> None:
    screen, version = Screen(document), document.version_id
    screen.pictures.show_stored()
    assert screen.pictures.lacks_stored
    assert screen.pictures.badge == ""
    before = screen.pictured
    screen.pictures.stored_arrived("another", "not shown")
    assert screen.pictured == before
    screen.pictures.stored_arrived(version, "stored")
    assert (screen.pictures.after, screen.pictures.badge) == ("stored", AS_LAST_SEEN)
    assert screen.pictured == before + 1
    assert not screen.pictures.lacks_stored
    screen.pictures.stored_arrived(version, "again")
    assert screen.pictures.after == "stored"
    screen.pictures.ask()
    screen.answer()
    assert screen.pictures.badge == ""
    screen.pictures.stored_arrived(version, "late")
    assert screen.pictures.after == BLUE.prompt
    screen.pictures.show_stored()
    assert (screen.pictures.after, screen.pictures.badge) == (BLUE.prompt, AS_LAST_SEEN)


def test_pictures_are_kept_of_the_versions_that_were_shown_last_whether_stored_or_rendered(document: Document) -> None:
    screen = Screen(document)
    pictures, shown = screen.pictures, [document.version_id]
    pictures.ask()
    screen.answer()
    for number in range(KEPT):
        document.copy_version()
        document.say_in_words(f"a green cube {number}")
        shown.append(document.version_id)
        pictures.ask()
        screen.answer()
    assert [*pictures.of_versions] == shown[1:]
    document.go_to(shown[1])
    for number in range(KEPT):
        pictures.stored_arrived(f"stored {number}", "stored")
    assert next(iter(pictures.of_versions)) == shown[1], "it is on screen"
    assert len(pictures.of_versions) == KEPT + 1
    document.go_to(shown[0])
    pictures.show_stored()
    assert pictures.lacks_stored


def test_only_the_picture_on_screen_is_held_at_full_size(document: Document) -> None:
    screen = Screen(document)
    screen.pictures.ask()
    screen.answer()
    screen.plan.sharpen()
    screen.work()
    assert screen.pictures.after == f"{BLUE.prompt}, sharp"
    assert screen.pictures.of_versions == {document.version_id: BLUE.prompt}
    screen.pictures.sharpened("another", "another, sharp")
    assert screen.pictures.after == f"{BLUE.prompt}, sharp"


def test_pictures_in_other_colours_take_the_place_of_the_same_ones(document: Document) -> None:
    screen = Screen(document)
    screen.pictures.stored_arrived(document.version_id, "stored")
    screen.pictures.stored_arrived("b", "b")
    screen.pictures.replace({"photo": "PHOTO", "stored": "STORED"})
    assert (screen.pictures.before, screen.pictures.after) == ("PHOTO", "STORED")
    assert screen.pictures.of_versions == {document.version_id: "STORED", "b": "b"}
    screen.pictures.open(document, "another", {"g": "g"})
    screen.pictures.show_stored()
    screen.pictures.replace({"another": "ANOTHER"})
    assert (screen.pictures.before, screen.pictures.after) == ("ANOTHER", None)
    assert screen.pictures.of_versions == {"g": "g"}


def test_before_a_photo_is_open_there_is_nothing_to_wait_for() -> None:
    pictures = Pictures[str](
        RenderPlan[str](
            Renderer(),
            Worker(random.Random(0)),
            Drawing(),
            PlanAudience[str](lambda _: None, lambda *_: None, lambda: None, lambda *_: None),
        ),
        Estimates,
        lambda _records: True,
        Audience[str](lambda: None, lambda _composed: None, lambda: None),
    )
    assert pictures.final
    assert pictures.takes is None
    assert not pictures.lacks_stored
    pictures.ask()
    pictures.replace({"photo": "PHOTO"})
    assert pictures.before is None
