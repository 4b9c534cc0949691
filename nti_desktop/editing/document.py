"""The open document: all that one can do with what is open of a photo. It renders nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.desk import Desk
from nti_desktop.editing.edits import with_emphasis
from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.open_edit import OpenEdit, StartingPoint
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_areas import edits_by_area
from nti_desktop.editing.version_list import Step, part_of, state_of
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import PartRecord, Project, VersionRecord
from nti_desktop.recipe.completing import completed
from nti_desktop.recipe.emphasis import Emphasis, read_emphasis
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.outlines import Outline
from nti_desktop.recipe.recipe import EditRecipe, with_prompt
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.recipe.words import check_sentence, is_too_long


class Document(OpenEdit):
    """Methods that change the edit say whether they did, and may raise NtiError, which changes nothing."""

    def __init__(
        self,
        session: Session,
        defaults: EditDefaults,
        clock: Callable[[], float] = time.monotonic,
        desk: Desk | None = None,
        unsaved: bool = False,
    ) -> None:
        """defaults: of the model that a first edit is meant for; clock: seconds, by which quick changes are one; desk:
        to go on from; unsaved: whether what it says is in no sidecar.
        """
        super().__init__(session, defaults)
        self._clock = clock
        self._described = ""  # the description before it was typed on
        self._show_version()
        self._keeps_this()
        if desk is not None:
            self._take_up(desk)
        if not unsaved:
            self._keeps_this()
        session.tell_desk = lambda: self.desk

    def _keeps_this(self) -> None:
        """Nothing of what lies open now was made by the user, or it is in the sidecar."""
        self.session.working_copy.kept_desk = self.desk

    @property
    def desk(self) -> Desk:
        """What lies open beside the project."""
        versions = self._versions
        done, undone, histories = versions.done, versions.undone, dict(versions.histories)
        left = dict(self._left)
        return Desk(self.description, self.edit_text, self.area, self._draft, histories, done, undone, left)

    @property
    def has_unsaved_desk(self) -> bool:
        """Whether there is undo, or sentences that the photo is not prepared with, which the sidecar does not keep."""
        now, kept = self.desk, self.session.working_copy.kept_desk
        if not isinstance(kept, Desk):
            return True
        undo = (now.histories, now.done, now.undone) != (kept.histories, kept.done, kept.undone)
        words = (now.description, now.edit_text, now.area) != (kept.description, kept.edit_text, kept.area)
        return undo or now.left != kept.left or (words and not self.up_to_date)

    def _take_up(self, desk: Desk) -> None:
        """Go on where it was left, as far as it fits what was changed elsewhere meanwhile."""
        self._versions.take_up(desk.histories, desk.done, desk.undone)
        if self._is_within(desk.area):
            self._lay_open(desk)
        self._left = {place: left for place, left in desk.left.items() if self._is_within(left.area)}

    def _is_within(self, area: Area) -> bool:
        width, height = self.whole.width, self.whole.height
        return min(area.x, area.y) >= 0 and area.x + area.width <= width and area.y + area.height <= height

    def _lay_open(self, desk: Desk) -> None:
        """Go on with what is written."""
        if desk.area != self.area:
            self._turn_to(desk.area)
        self.description = self._described = desk.description
        if self.up_to_date:
            self._show_edit_text()
        else:
            self.edit_text, self._draft = desk.edit_text, desk.draft

    def meant_for(self, defaults: EditDefaults) -> None:
        """The next preparing is by another model. Before the first, a sentence is no order, nor an order a sentence."""
        sees, self.defaults = self.row.sees, defaults
        if self.inversion is None and self.row.sees is not sees:
            self.edit_text = self.source
            self._draft = self._drafted(None)

    def suggest(self, description: str) -> None:
        """Describe the photo in words that nobody has written."""
        self.describe(description)
        self._keeps_this()

    def describe(self, text: str) -> None:
        """Say what the photo shows. An unchanged edit follows; a photo that was prepared needs preparing again."""
        state, follows = self.state, self.edit_text == self.description and self.row.described
        self.description = text
        if self.up_to_date:  # typed back to what it was
            self._draft = self._unedited
            self._show_edit_text()
        else:
            self.edit_text = text if follows else self.edit_text
            self._draft = self._drafted(state)

    def complete(self, look: Look) -> None:
        """Say of the look what the description leaves out, and in the edit what that leaves out."""
        state, edit = self.state, self.edit_text
        self.describe(completed(self.description.strip(), look))
        self._described = self.description
        if not self.up_to_date and edit.strip():
            self.edit_text = completed(edit, look)
            self._draft = self._drafted(state)

    def _drafted(self, state: EditState | None) -> History | None:
        if is_too_long(self.edit_text):  # it follows when it is shortened
            return History(state) if state else None
        removes = self.row.fills and state is not None and bool(state.recipe.within)
        if not self.edit_text.strip() and not removes:
            return None
        if state is None:
            return History(EditState(self.basis.plain(self.edit_text), Finish()))
        return History(replace(state, recipe=self.basis.settled(with_prompt(state.recipe, self.edit_text))))

    def settle_description(self) -> Emphasis:
        """The description is typed for now: marks of emphasis are taken out. What they were is told."""
        emphasis = read_emphasis(self.description, self._described)
        if emphasis.prompt != self.description:
            self.describe(emphasis.prompt)
        self._described = self.description
        return emphasis

    def say_in_words(self, text: str) -> bool:
        """The edit in words; controls travel with their words, and emphasis typed into it becomes weights."""
        emphasis = self.emphasis_in(text)
        self.edit_text = emphasis.prompt
        check_sentence(emphasis.prompt)
        if self.state is None:
            draft = self._drafted(None)
            state = draft.present if draft else None
            self._draft = History(replace(state, recipe=with_emphasis(state.recipe, emphasis))) if state else None
            return True
        return self.edit("prompt", lambda recipe: with_emphasis(with_prompt(recipe, emphasis.prompt), emphasis))

    def edit(self, subject: str, change: Callable[[EditRecipe], EditRecipe], gesture: int | None = None) -> bool:
        """Change the recipe. subject: what is changed; quick changes of the same subject are undone as one; gesture:
        see `History.changed`.
        """
        state = self.state
        if state is None:
            return False
        recipe = change(state.recipe)
        return self._change(subject, replace(state, recipe=self.basis.settled(recipe)), gesture)

    def mark(self, within: tuple[Outline, ...]) -> bool:
        """Say where the photo may change, everywhere where nothing is marked; whether that is another place. Where the
        model draws into what is marked, it is an edit before anything is said.
        """
        if self.state is None and within and self.row.fills:
            self._draft = History(EditState(self.basis.plain("", within), Finish()))
            return True
        return self.edit("within", lambda recipe: replace(recipe, within=within))

    def finish(self, finish: Finish, gesture: int | None = None) -> bool:
        """Change what the compositor does. gesture: see `History.changed`."""
        state = self.state
        return state is not None and self._change("finish", replace(state, finish=finish), gesture)

    def undo(self) -> bool:
        """Take back the last edit of the version, or the last change of the versions where that came after it."""
        history, step = self.history, self._last_step
        if step is not None:
            self._put_aside()
            self._versions.undo(step)
            return self.go_to(self.version_id)
        return history is not None and self._travel(history.undone())

    def redo(self) -> bool:
        """Make again what `undo` took back last."""
        history, step = self.history, self._next_step
        if step is not None:
            self._put_aside()
            self._versions.redo(step)
            return self.go_to(self.version_id)
        return history is not None and self._travel(history.redone())

    def _travel(self, history: History) -> bool:
        if history == self.history:
            return False
        self._keep(history)
        self._show_edit_text()
        return True

    def _change(self, subject: str, state: EditState, gesture: int | None) -> bool:
        history = self.history
        if history is None or history.present == state:
            return False
        self._keep(history.changed(state, subject, self._clock(), gesture))
        self._versions.edited()
        return True

    def _keep(self, history: History) -> None:
        version, inversion = self.version, self._edited_inversion
        if inversion is None:
            self._draft = history
            return
        if version is None:
            version, self._draft = self._versions.begin(part_of(history.present, inversion.id), (), None), None
        self._versions.keep(version, history)

    def prepared(self, entry: ModelEntry, made: Sequence[AreaInversion], start: StartingPoint | None = None) -> None:
        """Areas, at least one, were prepared: what was drafted for them becomes a version, or what another model was
        asked for. Where the photo is described otherwise since, that is the edit as it was then, and what is written
        now stays a draft. start: when they were asked for, None for now.
        """
        start = start or self.starting_point
        if start.version != self.version_id and any(each.id == start.version for each in self.session.project.versions):
            self.go_to(start.version)
        written, described = self._written, self._described
        here = [each.inverted.settings.method.row for each in made if each.area == self.area == start.area]
        outdated = self.description.strip() != start.description and any(row.described for row in here)
        asked = start.state if outdated else self.state
        before, parts = self.version_id, edits_by_area(self.session.project, self.version)
        states = [self._edit_of(each, entry, parts.get(each.area), asked) for each in made]
        for each, state in zip(made, states, strict=True):
            inversion = self.session.keep_inversion(entry, each.fingerprint, each.inverted, each.area)
            parts[each.area] = part_of(state, inversion.id)
        own = parts.pop(self.area if self.area in parts else made[-1].area)
        after = self._versions.begin(own, tuple(parts.values()), before or None).id
        self._left.pop((before, self.area), None)
        self._left = {(after if v == before else v, area): left for (v, area), left in self._left.items()}
        self._show_version()
        if outdated:
            self._lay_open(written)
            self._described = described

    def _edit_of(
        self, made: AreaInversion, entry: ModelEntry, part: PartRecord | None, here: EditState | None
    ) -> EditState:
        """The edit of an area that was prepared. entry: the model that it was prepared with; part: the edit so far;
        here: what is asked of the area that is worked on.
        """
        settings, asked = made.inverted.settings, None
        before = self.session.project.inversion(part.inversion) if part else None
        if made.area == self.area:
            asked = here
        elif part and before and before.settings.prompt == settings.prompt:
            asked = state_of(part)
        undescribed = before is not None and not before.settings.method.row.described and self._draft is None
        if undescribed and settings.method.row.described:
            asked = None  # neither an order nor what is to stand in a place is a sentence to edit
        edit = made.edit(entry, asked, before)
        return edit if before is None or made.state else edit.lying(self.session.frame(before.id))

    def copy_version(self) -> bool:
        """Add a version that starts as a copy of the current one and go to it; whether there is one to copy."""
        version = self.version
        if version is None or not self.up_to_date:
            return False
        self._versions.copy(version)
        self.go_to(self.version_id)
        return True

    def add_aside(self, inversion_id: str, state: EditState, preview: bytes) -> VersionRecord:
        """Add a version that was drawn already, with this edit of the inversion; what is shown stays."""
        shown = self.version_id
        added = self._versions.begin(part_of(state, inversion_id), (), shown or None)
        self.session.working_copy.keep_preview(added.id, preview)
        if shown:
            self.session.select_version(shown)
        return added

    def rename_version(self, version_id: str, name: str) -> bool:
        """Give a version another name."""
        self._versions.rename(version_id, name)
        return True

    def work_on(self, area: Area) -> None:
        """Describe and edit another area of the photo; one that the version edits is gone on with. What is written for
        the next preparing of this one is there again when it is shown.
        """
        self._put_aside()
        self._turn_to(area)

    def _put_aside(self) -> None:
        """Keep what is written for the next preparing until it is shown again."""
        if not self.up_to_date and (self._draft or (self.description + self.edit_text).strip()):
            place = self.version_id, self.area
            self._left = {**{each: left for each, left in self._left.items() if each != place}, place: self._written}

    def _turn_to(self, area: Area) -> None:
        version, self.area, self._draft = self.version, area, None
        edits = edits_by_area(self.session.project, version)
        if version and area in edits:
            self.session.work_on(version.id, edits[area].inversion)
            self._show_version()
        else:
            self.description = self.edit_text = self._described = ""
            if version is None and self.inversion and self.session.frame(self.inversion.id).area == area:
                self._show_version()
        self._take_out(area)

    def _take_out(self, area: Area) -> None:
        """Go on with what was put aside of an area, if anything was."""
        left = self._left.pop((self.version_id, area), None)
        if left is not None:
            self._lay_open(left)

    def leave(self, area: Area) -> bool:
        """Take an area's edit out of the version, unless it is the only one, and go on with what is left."""
        if area != self.area:
            self._put_aside()
        self._left.pop((self.version_id, area), None)
        version = self.version
        if version is None:
            self._turn_to(self.whole)
            return True
        mine = [part for part in version.parts if self.session.frame(part.inversion).area == area]
        if mine and len(version.parts) > 1:
            self._versions.leave_area(version.id, mine[0].inversion)
        self._show_version()
        self._take_out(self.area)
        return True

    def go_to(self, version_id: str) -> bool:
        """Edit another version. What is written for the next preparing of this one is there again when it is shown."""
        if version_id != self.version_id:
            self._put_aside()
        self.session.select_version(version_id)
        self._show_version()
        areas = [area for version, area in self._left if version == version_id]
        if areas:
            self._take_out(areas[-1])
        return True

    @property
    def _written(self) -> Desk:
        return Desk(self.description, self.edit_text, self.area, self._draft)

    def delete_version(self) -> Step:
        """Delete the current version, of two or more, and go to a neighbour; what comes back is for `put_back`."""
        self._put_aside()
        step = self._versions.delete(self.version_id)
        self.go_to(self.version_id)
        return step

    def take_in(self, before: Project) -> bool:
        """Another program changed the project, too; whether that is another version than the one that was edited, or
        changed that. What is drafted for the next preparing stays. before: the project until then.
        """
        shown = next((version for version in before.versions if version.id == before.current), None)
        self._versions.take_in(before, self._clock())
        if shown == self.version:
            return False
        if shown is None or shown.id != self.version_id:
            self._draft = None
        if self._draft is None:
            self._show_version()
        return True

    def put_back(self, deleted: Step) -> bool:
        """Put a version back that was deleted, whatever was done since, and go to it; whether it was gone."""
        if not self._versions.call_off(deleted):
            return False
        self.go_to(self.version_id)
        return True

    def _show_version(self) -> None:
        inversion, self._draft = self.inversion, None
        if inversion is None or inversion.settings.method.row.described:
            self.description = self._described = inversion.settings.prompt if inversion else ""
        self.area = self.session.frame(inversion.id).area if inversion else self.whole
        self._draft = self._unedited
        self._show_edit_text()

    def _show_edit_text(self) -> None:
        state = self.state
        self.edit_text = state.recipe.prompt if state else self.source
