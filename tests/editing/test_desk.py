"""Desks are recorded one after the other, and what they share is written once."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nti_desktop.editing import desk
from nti_desktop.editing.desk import Desk, DeskWriter, from_json, read_desk
from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.removed import RemovedPart, RemovedVersion
from nti_desktop.editing.version_list import LayBack, ListChange, PutBack, Remove, Rename, Step, TakeOut
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project import extent
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord, VersionRecord
from tests.sessions import BLUE, SOURCE

STATES = [EditState(replace(BLUE, strength=number / 10), Finish()) for number in range(6)]


def at(number: int) -> Desk:
    """After so many changes of the draft."""
    history = History(STATES[number], past=tuple(STATES[:number]))
    return Desk(SOURCE, BLUE.prompt, Area(0, 0, 96, 64), draft=history)


def test_a_state_is_written_with_the_first_desk_that_has_it() -> None:
    writer = DeskWriter()
    written = [len(writer.record(at(number))[1]) for number in (0, 1, 3, 2)]
    assert written == [1, 1, 2, 0]


def test_a_writer_is_full_when_more_than_half_of_what_may_be_kept_is_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_STATES", 8)
    writer, full = DeskWriter(), []
    for number in range(6):
        writer.record(at(number))
        full.append(writer.full)
    assert full == [False] * 4 + [True] * 2


PART = PartRecord(recipe=RecipeRecord.of(BLUE), finish=FinishRecord(feather=0.1), inversion="inversion")
REMOVED = VersionRecord(
    id="removed",
    name="Blue",
    recipe=RecipeRecord.of(BLUE),
    finish=FinishRecord(feather=0.1),
    inversion="inversion",
    others=(),
    made_from=None,
    time=datetime(2026, 1, 2, tzinfo=UTC),
)
CHANGES = [
    Rename("a", "Bold"),
    Remove("a", "b"),
    PutBack(RemovedVersion(REMOVED, 3, None), {("removed", "inversion"): History(STATES[0], (STATES[1],))}, "b"),
    TakeOut("a", "inversion"),
    LayBack(RemovedPart("a", PART, 2, None)),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_every_change_of_the_list_of_versions_is_read_as_it_was_kept(change: ListChange) -> None:
    histories = {("a", "inversion"): History(STATES[2], (STATES[0], STATES[1]), (STATES[3],))}
    step = Step(change, "a", {("a", "inversion"): 2})
    before = Desk("a ball", "a cube", Area(1, 2, 30, 40), None, histories, (step,), (step, step))
    assert from_json(before.to_json()) == before


def test_what_is_written_for_what_is_not_shown_is_read_as_it_was_kept() -> None:
    left = {(version, at(2).area): at(2) for version in ("", "a")}
    before = replace(at(1), left=left)
    assert from_json(before.to_json()) == before


def test_a_desk_of_before_anything_was_kept_of_what_is_not_shown_is_read() -> None:
    kept = json.loads(at(1).to_json())
    del kept["desk"]["left"]
    assert from_json(json.dumps(kept).encode()) == at(1)


def test_a_desk_that_names_a_state_which_is_not_there_is_damaged() -> None:
    record, states = DeskWriter().record(at(2))
    assert read_desk(record, states) == at(2)
    with pytest.raises(ValueError, match="there is no state 2 of an edit"):
        read_desk(record, states[:2])


def test_where_much_can_be_undone_the_oldest_of_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_STATES", 40)
    monkeypatch.setattr(desk, "MAX_DEPTH", 8)
    long = History(STATES[5], tuple(STATES[:5]), tuple(STATES[:3]))
    kept = {
        count: read_desk(*DeskWriter().record(replace(at(0), histories={("a", str(n)): long for n in range(count)})))
        for count in (1, 2, 6, 12)
    }
    depths = {count: {(len(h.past), len(h.future)) for h in found.histories.values()} for count, found in kept.items()}
    assert depths == {1: {(5, 3)}, 2: {(2, 2)}, 6: {(0, 0)}, 12: {(0, 0)}}
    assert kept[2].histories["a", "0"].past == tuple(STATES[3:5]), "the newest"
    assert kept[2].histories["a", "0"].future == tuple(STATES[:2]), "those that come next"


def test_of_large_edits_only_so_much_is_kept_as_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "MAX_VALUES", 150)
    long = History(STATES[5], tuple(STATES[:5]))
    before = replace(at(1), histories={("a", "b"): long}, done=(Step(Rename("a", "Bold"), "a", {}),))
    writer = DeskWriter()
    kept = from_json(before.to_json())
    assert kept == read_desk(*writer.record(before)) != before
    assert (kept.draft, kept.done) == (before.draft, before.done)
    past = kept.histories["a", "b"].past
    assert 0 < len(past) < 5
    assert past == long.past[-len(past) :], "the newest"
    assert writer.record(before)[1] == (), "what was left out stays so"

    monkeypatch.setattr(extent, "MAX_VALUES", 50)
    kept = from_json(before.to_json())
    assert kept == Desk(before.description, before.edit_text, before.area, History(STATES[1]))


def test_a_text_of_any_length_stops_no_project_from_being_saved() -> None:
    pasted = "word " * 10_000
    kept = from_json(Desk(pasted, pasted, Area(0, 0, 96, 64)).to_json())
    assert kept.description == kept.edit_text == pasted[: 2**15]


def test_where_more_states_can_be_undone_than_have_numbers_the_newest_are_kept() -> None:
    many = [EditState(replace(BLUE, strength=number / 5000), Finish()) for number in range(4500)]
    steps = tuple(
        Step(PutBack(RemovedVersion(REMOVED, 0, None), {("a", "b"): History(past[0], tuple(past[1:]))}, "b"), "a", {})
        for past in (many[at : at + 450] for at in range(0, 4500, 450))
    )
    kept = from_json(replace(at(1), done=steps).to_json())
    assert kept.done
    assert kept.done[-1].version == steps[-1].version
