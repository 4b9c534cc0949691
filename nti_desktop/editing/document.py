"""The open document: its session, the two sentences, the versions and how each came about. It renders nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.basis import Basis, basis_of
from nti_desktop.editing.desk import Desk
from nti_desktop.editing.edits import with_emphasis
from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.render_requests import Beside, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_areas import areas_as_laid, descriptions, edits_beside, edits_by_area
from nti_desktop.editing.version_list import Step, VersionList, part_of, state_of
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import InversionRecord, PartRecord, Project, VersionRecord
from nti_desktop.recipe.emphasis import Emphasis, read_emphasis
from nti_desktop.recipe.methods import MethodRow
from nti_desktop.recipe.recipe import EditRecipe, asks_for_nothing, with_prompt
from nti_desktop.recipe.settings import EditDefaults, InversionSettings


class Document:
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
        self.session = session
        self.defaults = defaults
        self._clock = clock
        self.description = ""
        self.edit_text = ""
        self.area: Area = self.whole  # that the description is of
        self._versions = VersionList(session)
        self._described = ""  # the description before it was typed on
        self._draft: History | None = None  # the edit while the photo is not prepared with this description
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
        return Desk(self.description, self.edit_text, self.area, self._draft, histories, done, undone)

    @property
    def has_unsaved_desk(self) -> bool:
        """Whether there is undo, or sentences that the photo is not prepared with, which the sidecar does not keep."""
        now, kept = self.desk, self.session.working_copy.kept_desk
        if not isinstance(kept, Desk):
            return True
        undo = (now.histories, now.done, now.undone) != (kept.histories, kept.done, kept.undone)
        words = (now.description, now.edit_text, now.area) != (kept.description, kept.edit_text, kept.area)
        return undo or (words and not self.up_to_date)

    def _take_up(self, desk: Desk) -> None:
        """Go on where it was left, as far as it fits what was changed elsewhere meanwhile."""
        self._versions.take_up(desk.histories, desk.done, desk.undone)
        whole, area = self.whole, desk.area
        if area.x + area.width > whole.width or area.y + area.height > whole.height:
            return
        if area != self.area:
            self.work_on(area)
        self.description = self._described = desk.description
        if self.up_to_date:
            self._show_edit_text()
        else:
            self.edit_text, self._draft = desk.edit_text, desk.draft

    @property
    def whole(self) -> Area:
        """All of the photo."""
        return Area(0, 0, *self.session.photo.raster.size)

    @property
    def areas(self) -> tuple[Area, ...]:
        """Areas that the version edits, in the order they are laid in, and the one to be prepared; the whole first."""
        edited = areas_as_laid(self.session.project, self.version)
        return tuple(dict.fromkeys((self.whole, *edited, self.area)))

    @property
    def edited_areas(self) -> tuple[Area, ...]:
        """Those of `areas` that the version has an edit of."""
        return tuple(edits_by_area(self.session.project, self.version))

    @property
    def version(self) -> VersionRecord | None:
        """The version being edited; None before the photo was prepared."""
        project = self.session.project
        return project.version(project.current) if project.current else None

    @property
    def version_id(self) -> str:
        """Id of the version being edited, empty before the photo was prepared."""
        return self.session.project.current or ""

    @property
    def inversion(self) -> InversionRecord | None:
        """Inversion that the version is worked on with; before the first version, the newest that there is."""
        return self.session.inversion()

    @property
    def up_to_date(self) -> bool:
        """Whether the area was prepared with the description as it stands."""
        return self._edited_inversion is not None

    @property
    def _edited_inversion(self) -> InversionRecord | None:
        """Inversion that the edit stands on, None until the area is prepared with the description as it stands."""
        inversion = self.inversion
        if inversion is None or self.area != self.session.frame(inversion.id).area:
            return None
        described = inversion.settings.method.row.orders or inversion.settings.prompt == self.description.strip()
        return inversion if described else None

    @property
    def basis(self) -> Basis:
        """What the edit is made on, or will be unless another way is chosen. There must be something to edit."""
        if self._edited_inversion is not None:
            return basis_of(self._edited_inversion)
        prompt, usual = "" if self.by_order else self.description.strip() or self.edit_text, self.defaults
        return Basis(InversionSettings(prompt, usual.method, usual.steps, usual.guidance_scale), usual)

    @property
    def row(self) -> MethodRow:
        """Of the method of the edit."""
        return (self._edited_inversion.settings.method if self._edited_inversion else self.defaults.method).row

    @property
    def by_order(self) -> bool:
        """Whether the edit is an order, in place of a sentence that is compared with the description."""
        return self.row.orders

    @property
    def source(self) -> str:
        """The sentence that the edit is compared with, empty where the edit is an order."""
        return "" if self.by_order else self.description

    @property
    def beside(self) -> Beside:
        """The version's edits of other areas that ask for something."""
        return edits_beside(self.session.project, self.version)

    def wanted(self, steps: int | None = None) -> Wanted | None:
        """The picture of the version as it stands; None where that is the photo. steps: see Wanted."""
        state, inversion = self.state, self.inversion
        if state is None or inversion is None or self.is_the_photo:
            return None
        return Wanted(self.version_id, inversion.id, state, steps, self.beside)

    def edit_model(self, chosen: ModelEntry) -> ModelEntry | None:
        """The model that draws the edit: the one the photo was prepared with (None where it was not found), else the
        chosen.
        """
        inversion = self._edited_inversion
        return chosen if inversion is None or inversion.model == chosen.id else self.session.known_model(inversion)

    @property
    def rendered_with(self) -> tuple[InversionRecord, ...]:
        """The inversions that a picture of the version as it stands is rendered on."""
        own = () if self.inversion is None or self.asks_for_nothing_here else (self.inversion,)
        return own + tuple(self.session.project.inversion(inversion) for inversion, _ in self.beside)

    @property
    def history(self) -> History | None:
        """Of the version; of a draft, before there is one, or as long as the photo was not prepared with the
        description as it stands.
        """
        inversion = self._edited_inversion
        if inversion is None or self.version is None:
            return self._draft
        return self._versions.histories[self.version_id, inversion.id]

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit, or a change of the versions, to take back."""
        history = self.history
        return (history is not None and bool(history.past)) or self._last_step is not None

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back and can be made again."""
        history = self.history
        return (history is not None and bool(history.future)) or self._next_step is not None

    @property
    def _last_step(self) -> Step | None:
        """The change of the versions that is taken back next; what is written for the next preparing is not lost."""
        return self._versions.last(self.version_id) if self._draft is None else None

    @property
    def _next_step(self) -> Step | None:
        inversion = self.inversion
        if self._draft is not None or inversion is None:
            return None
        return self._versions.next((self.version_id, inversion.id))

    @property
    def state(self) -> EditState | None:
        """The edit as it stands; None before there is a sentence to edit."""
        history = self.history
        return history.present if history else None

    @property
    def is_the_photo(self) -> bool:
        """Whether nothing at all is asked for, here or in another area."""
        return self.asks_for_nothing_here and not self.beside

    @property
    def asks_for_nothing_here(self) -> bool:
        """Whether the edit of this area leaves it as it is."""
        state, version = self.state, self.version
        if version is not None and self.up_to_date and state is not None:
            return self.session.is_the_photo(state.recipe, version.inversion)
        if version is not None and self.area != self.session.frame(version.inversion).area:
            return False  # the version's picture, with what another area asks for
        return state is None or asks_for_nothing(state.recipe, self.source)

    @property
    def can_be_prepared(self) -> bool:
        """Whether it is said what is to be seen, or what is ordered, and the project may be changed."""
        said = self.edit_text if self.defaults.method.row.orders else self.description
        return bool(said.strip()) and not self.session.read_only

    def meant_for(self, defaults: EditDefaults) -> None:
        """The next preparing is by another model. Before the first, a sentence is no order, nor an order a sentence."""
        ordered, self.defaults = self.by_order, defaults
        if self.inversion is None and self.by_order is not ordered:
            self.edit_text = self.source
            self._draft = self._drafted(None)

    def suggest(self, description: str) -> None:
        """Describe the photo in words that nobody has written."""
        self.describe(description)
        self._keeps_this()

    def describe(self, text: str) -> None:
        """Say what the photo shows. An unchanged edit follows; a photo that was prepared needs preparing again."""
        state, follows = self.state, self.edit_text == self.description and not self.by_order
        self.description = text
        if self.up_to_date:  # typed back to what it was
            self._draft = self._unedited
            self._show_edit_text()
        else:
            self.edit_text = text if follows else self.edit_text
            self._draft = self._drafted(state)

    def _drafted(self, state: EditState | None) -> History | None:
        if not self.edit_text.strip():
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

    def emphasis_in(self, text: str) -> Emphasis:
        """Read the emphasis in a new text of the edit, but not signs that were text before."""
        state = self.state
        return read_emphasis(text, state.recipe.prompt if state else self.source)

    def say_in_words(self, text: str) -> bool:
        """The edit in words; controls travel with their words, and emphasis typed into it becomes weights."""
        emphasis = self.emphasis_in(text)
        self.edit_text = emphasis.prompt
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

    def finish(self, finish: Finish, gesture: int | None = None) -> bool:
        """Change what the compositor does. gesture: see `History.changed`."""
        state = self.state
        return state is not None and self._change("finish", replace(state, finish=finish), gesture)

    def undo(self) -> bool:
        """Take back the last edit of the version, or the last change of the versions where that came after it."""
        history, step = self.history, self._last_step
        if step is not None:
            self._versions.undo(step)
            self._show_version()
            return True
        return history is not None and self._travel(history.undone())

    def redo(self) -> bool:
        """Make again what `undo` took back last."""
        history, step = self.history, self._next_step
        if step is not None:
            self._versions.redo(step)
            self._show_version()
            return True
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

    @property
    def _unedited(self) -> History | None:
        """The edit of a photo that was prepared, as on the command line, and has no version yet; it begins one."""
        if self.version is not None or self._edited_inversion is None:
            return None
        return History(EditState(self.basis.plain(self.description), Finish()))

    def described_for(self, fingerprint: str) -> dict[Area, str]:
        """Return the descriptions of those areas of the version that were prepared with the model of this fingerprint;
        for the area that is worked on, the description as it is written now.
        """
        described = descriptions(self.session.project, self.version, fingerprint)
        return {area: self.description if area == self.area else text for area, text in described.items()}

    def prepared(self, entry: ModelEntry, made: Sequence[AreaInversion]) -> None:
        """Areas, at least one, were prepared: what was drafted for them becomes a version, or what another model was
        asked for.
        """
        before, parts = self.version_id, edits_by_area(self.session.project, self.version)
        states = [self._edit_of(each, entry, parts.get(each.area)) for each in made]
        for each, state in zip(made, states, strict=True):
            inversion = self.session.keep_inversion(entry, each.fingerprint, each.inverted, each.area)
            parts[each.area] = part_of(state, inversion.id)
        own = parts.pop(self.area if self.area in parts else made[-1].area)
        self._versions.begin(own, tuple(parts.values()), before or None)
        self.go_to(self.version_id)

    def _edit_of(self, made: AreaInversion, entry: ModelEntry, part: PartRecord | None) -> EditState:
        """The edit of an area that was prepared. entry: the model that it was prepared with; part: the edit so far."""
        settings, asked = made.inverted.settings, None
        before = self.session.project.inversion(part.inversion) if part else None
        if made.area == self.area:
            asked = self.state
        elif part and before and before.settings.prompt == settings.prompt:
            asked = state_of(part)
        ordered = before is not None and before.settings.method.row.orders and self._draft is None
        if ordered and not settings.method.row.orders:
            asked = None  # an order is no sentence to edit
        return made.edit(entry, asked, before)

    def copy_version(self) -> bool:
        """Add a version that starts as a copy of the current one and go to it; whether there is one to copy."""
        version = self.version
        if version is None or not self.up_to_date:
            return False
        self._versions.copy(version)
        self.go_to(self.version_id)
        return True

    def rename_version(self, version_id: str, name: str) -> bool:
        """Give a version another name."""
        self._versions.rename(version_id, name)
        return True

    def work_on(self, area: Area) -> None:
        """Describe and edit another area of the photo; one that the version edits is gone on with."""
        version, self.area, self._draft = self.version, area, None
        for part in version.parts if version else ():
            if version and self.session.frame(part.inversion).area == area:
                self.session.work_on(version.id, part.inversion)
                self._show_version()
                return
        self.description = self.edit_text = self._described = ""
        if version is None and self.inversion and self.session.frame(self.inversion.id).area == area:
            self._show_version()

    def leave(self, area: Area) -> bool:
        """Take an area's edit out of the version, unless it is the only one; whether there was one."""
        version = self.version
        if version is None:
            self.work_on(self.whole)
            return False
        mine = [part for part in version.parts if self.session.frame(part.inversion).area == area]
        if mine and len(version.parts) > 1:
            self._versions.leave_area(version.id, mine[0].inversion)
        self._show_version()
        return bool(mine)

    def go_to(self, version_id: str) -> bool:
        """Edit another version."""
        self.session.select_version(version_id)
        self._show_version()
        return True

    def delete_version(self) -> Step:
        """Delete the current version, of two or more, and go to a neighbour; what comes back is for `put_back`."""
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
        if inversion is None or not inversion.settings.method.row.orders:
            self.description = self._described = inversion.settings.prompt if inversion else ""
        self.area = self.session.frame(inversion.id).area if inversion else self.whole
        self._draft = self._unedited
        self._show_edit_text()

    def _show_edit_text(self) -> None:
        state = self.state
        self.edit_text = state.recipe.prompt if state else self.source
