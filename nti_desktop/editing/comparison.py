"""What a comparison of the ways to make one edit is asked with, and what comes of each."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from nti_desktop.editing.adaptation import adapted
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.basis import Basis
from nti_desktop.editing.document import Document
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.history import EditState
from nti_desktop.editing.open_edit import StartingPoint
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Frame
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.jobs import Figures
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import asks_for_nothing
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

P = TypeVar("P")  # a picture, as whoever shows it needs it


@dataclass(frozen=True, eq=False)
class Comparison:
    """One edit and the ways to make it, as it stood when it was asked for.

    document: the photo's; start: how things stood; state: the edit then; usual: of the model that it was meant for;
    entry: the model that makes it; ways: in the order they are tried, the quickest to prepare first, all with one
    description; own: the version's preparation, which is not made again; frame: that the edit is of, as it is prepared
    so far, None where it is not; estimates: of this machine, as known then; screen: profile that pictures are made for,
    None for sRGB.
    """

    document: Document
    start: StartingPoint
    state: EditState
    usual: EditDefaults
    entry: ModelEntry
    ways: tuple[InversionSettings, ...]
    own: InversionRecord | None
    frame: Frame | None
    estimates: Estimates
    screen: bytes | None

    def is_own(self, way: InversionSettings) -> bool:
        """Tell whether the version itself is prepared this way."""
        return self.own is not None and self.own.settings.settings() == way

    def takes(self, way: InversionSettings) -> float | None:
        """Seconds that trying it is expected to take, None before anything was measured."""
        preparing = 0.0 if self.is_own(way) else self.estimates.preparing(way.method, way.steps)
        rendering = self.estimates.rendering(way.method, way.steps, guidance=way.guidance_scale)
        return None if preparing is None or rendering is None else preparing + 2 * rendering

    def edit(self, way: InversionSettings, explained: float | None) -> EditState:
        """Put the wish to one way. explained: see Figures."""
        if self.is_own(way):
            return self.state
        before = None if self.usual == self.entry.defaults else self.usual
        recipe = adapted(self.state.recipe, Basis(way, self.entry.defaults, explained), before)
        edit = EditState(recipe, self.state.finish)
        return edit if self.frame is None else edit.lying(self.frame)


@dataclass(frozen=True, eq=False)
class Tried(Generic[P]):
    """What came of one way. picture: the area as the model drew it; prepared: what can be kept, None where the version
    is prepared this way already; preparing, rendering: what each cost; likeness: dB of the photo rendered with
    unchanged words against the autoencoder's own picture.
    """

    comparison: Comparison
    way: InversionSettings
    picture: P
    prepared: AreaInversion | None
    preparing: Figures
    rendering: Figures
    likeness: float


def comparison_of(
    document: Document, entry: ModelEntry, way: tuple[Method, int], estimates: Estimates, screen: bytes | None
) -> Comparison | None:
    """The comparison of the edit as it stands; None where there is no edit, or nothing may be kept. way: that the photo
    is prepared next, unless it is prepared with this model. Steps that are not the usual ones are those of all ways. An
    edit after a picture is compared by those ways alone that draw after one.
    """
    state, text, inversion, usual = document.state, document.description.strip(), document.inversion, entry.defaults
    if state is None or not document.can_be_prepared or asks_for_nothing(state.recipe, text):
        return None
    shown = state.recipe.image_prompt is not None
    methods = [each for each in entry.methods if each.row.takes_pictures or not shown]
    if len(methods) < 2:
        return None
    own = inversion if inversion is not None and document.up_to_date and _drawn_by(entry, inversion, document) else None
    guidance = usual.guidance_scale
    if own is not None:
        settings = own.settings.settings()
        way = (settings.method, settings.steps)
        guidance = usual.guidance_scale if settings.method.row.guidance else settings.guidance_scale
    method, steps = way
    by_hand = steps != usual.steps_for(method)
    ways = (
        own.settings.settings()
        if own is not None and each is method
        else InversionSettings(
            text,
            each,
            steps if by_hand else usual.steps_for(each),
            usual.guidance_of(each) if each.row.guidance else guidance,
        )
        for each in sorted(methods, key=lambda each: each.row.rows_of_preparing(usual.steps_for(each)))
    )
    frame = None if inversion is None else document.session.frame(inversion.id)
    return Comparison(
        document,
        document.starting_point,
        state,
        document.basis.defaults,
        entry,
        tuple(ways),
        own,
        frame,
        estimates,
        screen,
    )


def _drawn_by(entry: ModelEntry, inversion: InversionRecord, document: Document) -> bool:
    known = document.session.known_model(inversion)
    return known is not None and known.id == entry.id
