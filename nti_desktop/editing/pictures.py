"""The pictures of the open photo: which one is asked for, when and in which quality, and what is on screen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nti_desktop.editing.document import Document
from nti_desktop.editing.estimates import Estimates, Pace
from nti_desktop.editing.render_plan import Composed, RenderPlan
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.project.schema import InversionRecord

P = TypeVar("P")  # a picture, as whoever shows it needs it

KEPT = 12  # versions of which a picture is kept, some twenty megabytes each
AS_LAST_SEEN, PREVIEW = "As last seen", "Preview"  # badges of pictures that are not the final ones


@dataclass(frozen=True, eq=False)
class Audience(Generic[P]):
    """Who hears of it. pictured: another picture is on screen; finished: the full render of the edit as it stands;
    cleared: what was wrong with a render before no longer holds.
    """

    pictured: Callable[[], None]
    finished: Callable[[Composed[P]], None]
    cleared: Callable[[], None]


class Pictures(Generic[P]):
    """before: the photo; after: the edit, None where it is the photo; badge: what kind of picture `after` is, empty for
    the final one; of_versions: the newest of each version that was shown lately; by_hand: the edit takes long, or was
    stopped, and waits for the Render button; stopped: by the user, the full render of the edit as it stands.
    """

    def __init__(
        self,
        plan: RenderPlan[P],
        estimates: Callable[[], Estimates],
        models_there: Callable[[Sequence[InversionRecord]], bool],
        audience: Audience[P],
    ) -> None:
        """models_there: whether the models of some inversions were found; else they are looked for, and `ask` is to be
        called again when they are there.
        """
        self._plan, self._estimates, self._models_there, self._audience = plan, estimates, models_there, audience
        self._document: Document | None = None
        self.before: P | None = None
        self.after: P | None = None
        self.badge = ""
        self.of_versions: dict[str, P] = {}
        self.by_hand = self.stopped = False
        self._insisted: Wanted | None = None  # the full render that was asked for by hand

    @property
    def final(self) -> bool:
        """Whether the newest picture is a full render of the edit as it stands."""
        document, last = self._document, self._plan.last
        if document is None or document.is_the_photo:
            return True
        return last is not None and last.wanted.final and _shows(last.wanted, document)

    @property
    def can_render(self) -> bool:
        """Whether there is a full render of the edit as it stands to be asked for."""
        return self._document is not None and self._document.up_to_date and not self.final

    @property
    def takes(self) -> float | None:
        """Seconds that the full render of the edit is expected to take."""
        document = self._document
        if document is None or document.inversion is None:
            return None
        how, state = document.inversion.settings, document.state
        return self._estimates().rendering(how.method, how.steps, state.recipe if state else None, how.guidance_scale)

    def open(self, document: Document, before: P, seen: Mapping[str, P]) -> None:
        """Another photo. seen: the last picture of each version that has one."""
        self._document, self._insisted = document, None
        self.before, self.of_versions = before, dict(seen)
        self._plan.open(document.session)

    def show_stored(self) -> None:
        """Show the version as it was last seen, at once and without the engine; see `lacks_stored`."""
        assert self._document is not None
        self._plan.forget()
        self.by_hand = self.stopped = False
        self.after = None if self._document.is_the_photo else self.of_versions.get(self._document.version_id)
        self.badge = AS_LAST_SEEN if self.after is not None else ""
        self._audience.pictured()

    @property
    def lacks_stored(self) -> bool:
        """Whether there is no picture of the version that is shown, so that the one in its project is of use."""
        return self._document is not None and self.after is None and not self._document.is_the_photo

    def stored_arrived(self, version: str, picture: P) -> None:
        """The picture of a version as it was saved; what is newer stays."""
        if version in self.of_versions:
            return
        self._keep(version, picture)
        if self._document is not None and version == self._document.version_id and self.lacks_stored:
            self.after, self.badge = picture, AS_LAST_SEEN
            self._audience.pictured()

    def ask(self, by_hand: bool = False) -> None:
        """Render the open edit: a preview first, unless the full render is as quick, or slow and asked for by hand.

        What is asked for by hand stays so until the edit changes or is stopped, also where its model is not there yet,
        or where it is not known yet how long it takes.
        """
        document = self._document
        state, inversion = (document.state, document.inversion) if document else (None, None)
        if document is None or state is None or inversion is None or not document.up_to_date:
            return
        if document.is_the_photo:
            self._show_the_photo(document)
            return
        if by_hand:
            self._insisted = document.wanted()
        if not self._models_there(document.rendered_with):
            return
        pace = Pace.AT_ONCE if document.asks_for_nothing_here else self._pace(document, inversion)
        self.by_hand, self.stopped = pace is Pace.BY_HAND, False
        steps = min(document.defaults.preview_steps, inversion.settings.steps)
        wanted = document.wanted(None if pace is Pace.AT_ONCE else steps)
        if wanted is not None:
            self._plan.ask(wanted)

    def composed(self, composed: Composed[P]) -> None:
        """Show a picture; the full render of the edit follows its preview."""
        document, wanted = self._document, composed.wanted
        assert document is not None
        self.after = composed.picture
        self._keep(wanted.version, composed.picture)
        self.badge = "" if wanted.final else PREVIEW
        self._audience.cleared()
        if not (wanted.final or self.stopped) and _shows(wanted, document) and document.inversion is not None:
            self.by_hand = self._pace(document, document.inversion) is Pace.BY_HAND  # by now it is known how long
            full = None if self.by_hand else document.wanted()
            if full is not None:
                self._plan.ask(full)
        if self.final:
            if composed.preview is not None and not document.session.read_only:
                document.session.working_copy.keep_preview(wanted.version, composed.preview)
            self._audience.finished(composed)
        self._audience.pictured()

    def stop(self) -> None:
        """The render of the edit as it stands was stopped by the user; from now on it waits to be asked for."""
        self.by_hand = self.stopped = True
        self._insisted = None

    def sharpened(self, small: P, full: P) -> None:
        """The picture on screen at full size, in which it is kept only as long as it is there."""
        if self.after is small:
            self.after = full
            self._audience.pictured()

    def replace(self, converted: Mapping[P, P]) -> None:
        """The same pictures in the colours of another screen."""
        self.before = None if self.before is None else converted.get(self.before, self.before)
        self.after = None if self.after is None else converted.get(self.after, self.after)
        self.of_versions = {version: converted.get(picture, picture) for version, picture in self.of_versions.items()}
        self._audience.pictured()

    def _keep(self, version: str, picture: P) -> None:
        """Keep a picture, and of those of other versions the newest."""
        assert self._document is not None
        self.of_versions.pop(version, None)
        self.of_versions[version] = picture
        for old in [*self.of_versions][:-KEPT]:
            if old != self._document.version_id:
                del self.of_versions[old]

    def _show_the_photo(self, document: Document) -> None:
        self._plan.forget()
        self.by_hand = self.stopped = False
        self.after, self.badge = None, ""
        self.of_versions.pop(document.version_id, None)
        self._audience.cleared()
        self._audience.pictured()

    def _pace(self, document: Document, inversion: InversionRecord) -> Pace:
        if self._plan.knows_whole(document.wanted()):
            return Pace.AT_ONCE
        how, state = inversion.settings, document.state
        pace = self._estimates().pace(how.method, how.steps, state.recipe if state else None, how.guidance_scale)
        insisted = self._insisted is not None and _shows(self._insisted, document)
        return Pace.AT_ONCE if pace is Pace.BY_HAND and insisted else pace


def _shows(wanted: Wanted, document: Document) -> bool:
    return wanted.shows(document.version_id, document.state, document.beside)
