"""What is open of a photo: its session, the two sentences, the version and its edit. Nothing here changes any of it."""

from dataclasses import dataclass

from nti_desktop.editing.basis import Basis, basis_of
from nti_desktop.editing.desk import Desk
from nti_desktop.editing.history import EditState, History
from nti_desktop.editing.render_requests import Beside, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_areas import areas_as_laid, descriptions, edits_beside, edits_by_area
from nti_desktop.editing.version_list import Step, VersionList
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import InversionRecord, VersionRecord
from nti_desktop.recipe.emphasis import Emphasis, read_emphasis
from nti_desktop.recipe.methods import MethodRow
from nti_desktop.recipe.recipe import asks_for_nothing
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.words import MOST_LETTERS, is_too_long


@dataclass(frozen=True)
class StartingPoint:
    """How things stood when preparing was asked for. version: id of the one shown, empty before the first; area: the
    one worked on; description, state: of it and its edit, None where nothing was written.
    """

    version: str
    area: Area
    description: str
    state: EditState | None


class OpenEdit:
    """description: of `area`; edit_text: the edit as a sentence, an order or what is to stand in a place; defaults: of
    the model that a first edit is meant for.
    """

    def __init__(self, session: Session, defaults: EditDefaults) -> None:
        self.session = session
        self.defaults = defaults
        self.description = ""
        self.edit_text = ""
        self.area: Area = self.whole
        self._versions = VersionList(session)
        self._draft: History | None = None  # the edit while the photo is not prepared with this description
        self._left: dict[tuple[str, Area], Desk] = {}  # see Desk

    @property
    def whole(self) -> Area:
        """All of the photo."""
        return Area(0, 0, *self.session.photo.raster.size)

    @property
    def areas(self) -> tuple[Area, ...]:
        """Areas that the version edits, in the order they are laid in, and those to be prepared; the whole first."""
        edited = areas_as_laid(self.session.project, self.version)
        left = (area for version, area in self._left if version == self.version_id)
        return tuple(dict.fromkeys((self.whole, *edited, *left, self.area)))

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
    def prepared_before(self) -> bool:
        """Whether the area was prepared, described as it is now or otherwise."""
        inversion = self.inversion
        here = inversion is not None and self.area == self.session.frame(inversion.id).area
        return here or self.area in self.edited_areas

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
        settings = inversion.settings
        fits = not settings.method.row.described or settings.prompt == self.description.strip()
        return inversion if fits else None

    @property
    def basis(self) -> Basis:
        """What the edit is made on, or will be unless another way is chosen. There must be something to edit."""
        if self._edited_inversion is not None:
            return basis_of(self._edited_inversion)
        usual = self.defaults
        prompt = (self.description.strip() or self.edit_text) if usual.method.row.described else ""
        prompt = prompt[:MOST_LETTERS]  # it is not prepared before it is shortened
        return Basis(InversionSettings(prompt, usual.method, usual.steps, usual.guidance_scale), usual)

    @property
    def row(self) -> MethodRow:
        """Of the method of the edit."""
        return (self._edited_inversion.settings.method if self._edited_inversion else self.defaults.method).row

    @property
    def takes_description(self) -> bool:
        """Whether the photo is described: for the edit as it stands, or for the next preparing."""
        return self.row.described or self.defaults.method.row.described

    @property
    def source(self) -> str:
        """The sentence that the edit is compared with, empty where the photo needs no description."""
        return self.description if self.row.described else ""

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
    def starting_point(self) -> StartingPoint:
        """How things stand, for what is prepared from now on."""
        return StartingPoint(self.version_id, self.area, self.description.strip(), self.state)

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
        """Whether it is said in a sentence what is to be seen or what is ordered, or marked where to draw, and the
        project may be changed.
        """
        row = self.defaults.method.row
        said = self.description if row.described else self.edit_text
        marked = row.fills and self.state is not None and bool(self.state.recipe.within)
        return ((bool(said.strip()) and not is_too_long(said)) or marked) and not self.session.read_only

    @property
    def begins_by_itself(self) -> bool:
        """Whether the edit as it stands is the photo's first, and nothing needs to be prepared for it."""
        state, row = self.state, self.row
        if self.inversion is not None or row.described or state is None:
            return False
        return bool(state.recipe.within) or not row.fills

    def emphasis_in(self, text: str) -> Emphasis:
        """Read the emphasis in a new text of the edit, but not signs that were text before."""
        state = self.state
        return read_emphasis(text, state.recipe.prompt if state else self.source)

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
