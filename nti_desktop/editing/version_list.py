"""The versions of a photo: the undo history of each, and undo for adding, naming, deleting them and leaving an area."""

from collections.abc import Mapping
from dataclasses import dataclass

from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.removed import RemovedPart, RemovedVersion
from nti_desktop.editing.session import Session
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord, Project, VersionRecord

Key = tuple[str, str]
"""Version and inversion."""


@dataclass(frozen=True)
class Rename:
    """Give a version this name."""

    version: str
    name: str


@dataclass(frozen=True)
class Remove:
    """Delete a version and show the one `beside`."""

    version: str
    beside: str


@dataclass(frozen=True)
class PutBack:
    """Put a deleted version back with its histories. beside: the one that is shown when it goes again."""

    removed: RemovedVersion
    histories: Mapping[Key, History]
    beside: str


@dataclass(frozen=True)
class TakeOut:
    """Take an area's edit out of a version."""

    version: str
    inversion: str


@dataclass(frozen=True)
class LayBack:
    """Lay an area's edit back into its version, and show that."""

    removed: RemovedPart


ListChange = Rename | Remove | PutBack | TakeOut | LayBack
"""A change of the list, as data, so that it can be kept."""


@dataclass(frozen=True)
class Step:
    """A change that was made. back: takes it back; version: that it was made to; depths: how many edits of each
    version could be undone then.
    """

    back: ListChange
    version: str
    depths: Mapping[Key, int]


class VersionList:
    """Knows nothing of what is being described; see Document. done, undone: changes of the list, see Desk."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.histories = {
            (version.id, part.inversion): History(state_of(part))
            for version in session.project.versions
            for part in version.parts
        }
        self.done: tuple[Step, ...] = ()
        self.undone: tuple[Step, ...] = ()

    def take_up(self, histories: Mapping[Key, History], done: tuple[Step, ...], undone: tuple[Step, ...]) -> None:
        """Go on with undo where it was left; without what does not fit, as the versions were changed elsewhere."""
        fitting = {
            key: history
            for key, history in histories.items()
            if key in self.histories and self.histories[key].present == history.present
        }
        if histories.keys() == self.histories.keys():
            self.done, self.undone = done, undone
        self.histories |= fitting

    # Changes

    def begin(self, own: PartRecord, others: tuple[PartRecord, ...], made_from: str | None) -> VersionRecord:
        """Add a version and show it. Preparing does that, which is not undone; its edits can be.

        own: the edit that is worked on; made_from: the version it began as.
        """
        state, name = state_of(own), self._session.free_name()
        version = self._session.add_version(name, state.recipe, state.finish, own.inversion, made_from, others)
        self.histories |= {(version.id, part.inversion): History(state_of(part)) for part in version.parts}
        return version

    def copy(self, version: VersionRecord) -> None:
        """Add a version that is like another one and show it."""
        depths = self._depths()
        own, *others = version.parts
        copied = self.begin(own, tuple(others), version.id)
        self._did(Step(Remove(copied.id, version.id), copied.id, depths))

    def rename(self, version_id: str, name: str) -> None:
        """Raises NtiError, as the others below, when the project cannot be changed or does not take the name."""
        depths = self._depths()
        if name != self._session.project.version(version_id).name:
            self._did(Step(self._make(Rename(version_id, name)), version_id, depths))

    def delete(self, version_id: str) -> Step:
        """Delete one of several versions and show the next one, else the one before."""
        depths = self._depths()
        ids = [version.id for version in self._session.project.versions]
        gone = ids.index(version_id)
        beside = (ids[:gone] + ids[gone + 1 :])[min(gone, len(ids) - 2)]
        step = Step(self._make(Remove(version_id, beside)), version_id, depths)
        self._did(step)
        return step

    def leave_area(self, version_id: str, inversion: str) -> None:
        """Take the edit of one of several areas out of a version."""
        depths = self._depths()
        self._did(Step(self._make(TakeOut(version_id, inversion)), version_id, depths))

    def _did(self, step: Step) -> None:
        self.done, self.undone = (*self.done, step), ()

    def _depths(self) -> dict[Key, int]:
        return {key: len(history.past) for key, history in self.histories.items()}

    def take_in(self, before: Project, time: float) -> None:
        """Another program changed the project, too. Edits can be undone as before, to what was there before as well;
        changes of the list are forgotten where they no longer fit. time: of now, in seconds.
        """
        was, now = ({each.id: each for each in project.versions} for project in (before, self._session.project))
        changed = {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
        histories = {key: history for key, history in self.histories.items() if key[0] not in changed}
        for version in now.values():
            if version.id in changed:
                for part in version.parts:
                    key, state = (version.id, part.inversion), state_of(part)
                    known = self.histories.get(key)
                    histories[key] = History(state) if known is None else known.changed(state, "elsewhere", time)
        self.histories = histories
        self.done = tuple(step for step in self.done if step.version not in changed)
        self.undone = tuple(step for step in self.undone if step.version not in changed)

    # Undo

    def keep(self, version: VersionRecord, history: History) -> None:
        """Keep what a version's edit is now, and what it went through."""
        state = history.present
        if state_of(version) != state:
            self._session.change_version(version.id, recipe=state.recipe, finish=state.finish)
        self.histories[version.id, version.inversion] = history

    def edited(self) -> None:
        """Forget what was taken back of the list: an edit came after it."""
        self.undone = ()

    def last(self, current: str) -> Step | None:
        """Find the step that undo takes back next; None where there is none, or where a later edit is left of the
        version shown or of the one that the step was made to.
        """
        if not self.done:
            return None
        step = self.done[-1]
        later = any(
            len(history.past) > step.depths.get(key, 0)
            for key, history in self.histories.items()
            if key[0] in (current, step.version)
        )
        return None if later else step

    def next(self, key: Key) -> Step | None:
        """Find the step that redo makes again next; None where there is none, or where an earlier edit of what is shown
        is still to be made again.
        """
        if not self.undone:
            return None
        history, step = self.histories.get(key), self.undone[0]
        earlier = history is not None and bool(history.future) and len(history.past) < step.depths.get(key, 0)
        return None if earlier else step

    def undo(self, step: Step) -> None:
        """Take back the `last` step."""
        again = Step(self._make(step.back), step.version, step.depths)
        self.done, self.undone = self.done[:-1], (again, *self.undone)

    def redo(self, step: Step) -> None:
        """Make the `next` step again."""
        again = Step(self._make(step.back), step.version, step.depths)
        self.done, self.undone = (*self.done, again), self.undone[1:]

    def call_off(self, step: Step) -> bool:
        """Take back one deletion, whatever was done since, as if it had not been; whether it was still to be had."""
        if step not in self.done:
            return False
        self._make(step.back)
        self.done = tuple(each for each in self.done if each is not step)
        return True

    def _make(self, change: ListChange) -> ListChange:
        """Make a change; what comes back takes it back."""
        session = self._session
        match change:
            case Rename(version, name):
                before = session.project.version(version).name
                session.change_version(version, name=name)
                return Rename(version, before)
            case Remove(version, beside):
                removed = session.delete_version(version)
                if any(each.id == beside for each in session.project.versions):  # another program may delete, too
                    session.select_version(beside)
                gone = {key: history for key, history in self.histories.items() if key[0] == version}
                self.histories = {key: history for key, history in self.histories.items() if key not in gone}
                return PutBack(removed, gone, beside)
            case PutBack(removed, histories, beside):
                session.put_back_version(removed)
                self.histories |= histories
                return Remove(removed.version.id, beside)
            case TakeOut(version, inversion):
                return LayBack(session.drop_edit(version, inversion))
            case LayBack(part):
                session.put_back_edit(part)
                session.select_version(part.version)
                return TakeOut(part.version, part.part.inversion)


def state_of(edit: VersionRecord | PartRecord) -> EditState:
    """Read the state of an edit that was kept."""
    return EditState(edit.recipe.recipe(), Finish(feather=edit.finish.feather))


def part_of(state: EditState, inversion: str) -> PartRecord:
    """Write down the state of an edit that stands on an inversion."""
    finish = FinishRecord(feather=state.finish.feather)
    return PartRecord(recipe=RecipeRecord.of(state.recipe), finish=finish, inversion=inversion)
