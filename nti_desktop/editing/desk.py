"""What lies open of a photo beside its project, and how it is kept, so that work goes on where it was left."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.removed import RemovedPart, RemovedVersion
from nti_desktop.editing.version_list import Key, LayBack, ListChange, PutBack, Remove, Rename, Step, TakeOut
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.desk import (
    MAX_DEPTH,
    MAX_STATES,
    MAX_TYPED,
    AreaRecord,
    ChangeRecord,
    DepthRecord,
    DeskRecord,
    EditHistoryRecord,
    HistoryRecord,
    KeptDesk,
    LayBackRecord,
    LeftRecord,
    PutBackRecord,
    RemoveRecord,
    RenameRecord,
    StateRecord,
    StepRecord,
    TakeOutRecord,
    WrittenRecord,
)
from nti_desktop.project.extent import check_extent
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord


@dataclass(frozen=True)
class Desk:
    """description, edit_text: as they are written; area: that they are of; draft: the edit while the photo is not
    prepared with this description; histories: of each version's edits; done, undone: changes of the list of versions,
    the one that is taken back or made again next last in the first and first in the second; left: what is written for
    the next preparing of what is not shown, by version, empty before the first, and area.
    """

    description: str
    edit_text: str
    area: Area
    draft: History | None = None
    histories: Mapping[Key, History] = field(default_factory=dict)
    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    left: Mapping[tuple[str, Area], "Desk"] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Write desk.json of the sidecar, with as much undo as can be read again."""
        record, states = DeskWriter().record(self)
        return KeptDesk(states=states, desk=record).model_dump_json().encode()


class DeskWriter:
    """Records desks. A state of an edit is numbered when it is met first, as histories share most of theirs."""

    def __init__(self) -> None:
        self._numbers: dict[EditState, int] = {}
        self._told = 0
        self._depth = MAX_DEPTH

    @property
    def full(self) -> bool:
        """Whether so many states were numbered that a new writer should begin anew with those that are left."""
        return len(self._numbers) > MAX_STATES // 2

    def record(self, desk: Desk) -> tuple[DeskRecord, tuple[StateRecord, ...]]:
        """Return the record of a desk, and the states in it that no record before had. What can be undone is left out,
        the oldest first, as far as all of it is more than is read again.
        """
        while True:
            try:
                return self._record(desk)
            except ValueError:
                if not self._depth:
                    raise
            self._numbers = dict(islice(self._numbers.items(), self._told))
            self._depth //= 2

    def _record(self, desk: Desk) -> tuple[DeskRecord, tuple[StateRecord, ...]]:
        """Raises ValueError where it is too much."""
        depth, self._deepest = self._depth, min(self._depth, _deepest(desk.histories.values()))
        left = [(version or None, written) for (version, _), written in desk.left.items()]
        record = DeskRecord(
            **dict(self._written(desk)),
            histories=self._histories(desk.histories) if depth else (),
            done=tuple(self._step(step) for step in desk.done[max(0, len(desk.done) - depth) :]),
            undone=tuple(self._step(step) for step in desk.undone[:depth]),
            left=tuple(
                LeftRecord(version=version, **dict(self._written(written)))
                for version, written in left[max(0, len(left) - depth) :]
            ),
        )
        new = tuple(_state_record(state) for state in islice(self._numbers, self._told, None))
        check_extent(KeptDesk(states=new, desk=record).model_dump_json().encode())
        self._told = len(self._numbers)
        return record, new

    def _written(self, desk: Desk) -> WrittenRecord:
        return WrittenRecord(
            description=desk.description[:MAX_TYPED],
            edit_text=desk.edit_text[:MAX_TYPED],
            area=AreaRecord(x=desk.area.x, y=desk.area.y, width=desk.area.width, height=desk.area.height),
            draft=self._history(desk.draft) if desk.draft else None,
        )

    def _histories(self, histories: Mapping[Key, History]) -> tuple[EditHistoryRecord, ...]:
        return tuple(
            EditHistoryRecord(version=version, inversion=inversion, history=self._history(history))
            for (version, inversion), history in histories.items()
        )

    def _history(self, history: History) -> HistoryRecord:
        number, deepest = self._number, self._deepest
        return HistoryRecord(
            past=tuple(map(number, history.past[max(0, len(history.past) - deepest) :])),
            present=number(history.present),
            future=tuple(map(number, history.future[:deepest])),
        )

    def _number(self, state: EditState) -> int:
        return self._numbers.setdefault(state, len(self._numbers))

    def _step(self, step: Step) -> StepRecord:
        depths = tuple(DepthRecord(version=key[0], inversion=key[1], count=n) for key, n in step.depths.items())
        return StepRecord(back=self._change(step.back), version=step.version, depths=depths)

    def _change(self, change: ListChange) -> ChangeRecord:
        match change:
            case Rename(version, name):
                return RenameRecord(version=version, name=name)
            case Remove(version, beside):
                return RemoveRecord(version=version, beside=beside)
            case PutBack(removed, histories, beside):
                kept = self._histories(histories)
                return PutBackRecord(version=removed.version, place=removed.place, histories=kept, beside=beside)
            case TakeOut(version, inversion):
                return TakeOutRecord(version=version, inversion=inversion)
            case LayBack(removed_part):
                return LayBackRecord(version=removed_part.version, part=removed_part.part, place=removed_part.place)


def _deepest(histories: Collection[History]) -> int:
    """Tell how many steps of each history are kept, so that all of them together are not too many."""
    deepest = MAX_DEPTH
    while sum(min(len(h.past), deepest) + 1 + min(len(h.future), deepest) for h in histories) > MAX_STATES // 4:
        deepest //= 2
        if not deepest:
            break
    return deepest


def read_desk(record: DeskRecord, states: Sequence[StateRecord]) -> Desk:
    """Read a desk that was recorded. states: by their numbers. Raises ValueError where one is missing."""
    known = [EditState(state.recipe.recipe(), Finish(feather=state.finish.feather)) for state in states]

    def state(number: int) -> EditState:
        if number >= len(known):
            raise ValueError(f"there is no state {number} of an edit")
        return known[number]

    def history(record: HistoryRecord) -> History:
        return History(state(record.present), tuple(map(state, record.past)), tuple(map(state, record.future)))

    def histories(records: Sequence[EditHistoryRecord]) -> dict[Key, History]:
        return {(each.version, each.inversion): history(each.history) for each in records}

    def change(record: ChangeRecord) -> ListChange:
        match record:
            case RenameRecord():
                return Rename(record.version, record.name)
            case RemoveRecord():
                return Remove(record.version, record.beside)
            case PutBackRecord():
                removed = RemovedVersion(record.version, record.place, None)
                return PutBack(removed, histories(record.histories), record.beside)
            case TakeOutRecord():
                return TakeOut(record.version, record.inversion)
            case LayBackRecord():
                return LayBack(RemovedPart(record.version, record.part, record.place, None))

    def step(record: StepRecord) -> Step:
        depths = {(each.version, each.inversion): each.count for each in record.depths}
        return Step(change(record.back), record.version, depths)

    def written(record: WrittenRecord) -> Desk:
        area = Area(record.area.x, record.area.y, record.area.width, record.area.height)
        return Desk(record.description, record.edit_text, area, history(record.draft) if record.draft else None)

    left = [(each.version or "", written(each)) for each in record.left]
    return replace(
        written(record),
        histories=histories(record.histories),
        done=tuple(map(step, record.done)),
        undone=tuple(map(step, record.undone)),
        left={(version, each.area): each for version, each in left},
    )


def from_json(data: bytes) -> Desk:
    """Read desk.json. Raises ValueError, as pydantic's errors are, where it is not valid or far too large."""
    check_extent(data)
    kept = KeptDesk.model_validate_json(data)
    return read_desk(kept.desk, kept.states)


def _state_record(state: EditState) -> StateRecord:
    return StateRecord(recipe=RecipeRecord.of(state.recipe), finish=FinishRecord(feather=state.finish.feather))
